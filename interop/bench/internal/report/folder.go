package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
)

// The files of a folder of results, beside the plots.
const (
	dataName     = "results.json"
	markdownName = "results.md"
)

// WriteFolder writes results.json, results.md and the plots to folder, which is
// created if it does not exist.
func (r *Results) WriteFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := create(filepath.Join(folder, dataName), r.Write); err != nil {
		return err
	}
	return r.writeViews(folder)
}

// Rewrite writes results.md and the plots of a folder again, from its
// results.json.
func Rewrite(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, dataName))
	if err != nil {
		return err
	}
	r, err := Read(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return r.writeViews(folder)
}

func (r *Results) writeViews(folder string) error {
	for _, image := range Plots(r) {
		err := create(filepath.Join(folder, image.Name), func(w io.Writer) error {
			_, err := image.Page.WriteTo(w)
			return err
		})
		if err != nil {
			return err
		}
	}
	return create(filepath.Join(folder, markdownName), func(w io.Writer) error { return Markdown(w, r, true) })
}

// create writes a file.
func create(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
