package leakcheck

import (
	"net"
	"os"
	"testing"
)

func TestDescriptorsCountsWhatIsOpen(t *testing.T) {
	before := Descriptors(t)
	if again := Descriptors(t); again != before {
		t.Fatalf("counting changed the count from %d to %d", before, again)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := Descriptors(t); got != before+2 {
		t.Errorf("%d descriptors with two more open, want %d", got, before+2)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if got := Descriptors(t); got != before {
		t.Errorf("%d descriptors after closing, want %d", got, before)
	}
}
