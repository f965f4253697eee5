package conduct

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary is the fake child too: with the environment variable fakeEnv
// it speaks the control protocol instead of running tests. Its value is a
// folder where each child leaves its process number and what it was told.
const fakeEnv = "BENCH_FAKE_CHILD"

func TestMain(m *testing.M) {
	if folder := os.Getenv(fakeEnv); folder != "" {
		os.Exit(fake(folder, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fake is a child that behaves as the flag -fake says, in the role it has. It
// returns its exit code.
func fake(folder string, args []string) int {
	flags := map[string]string{}
	for i := range args {
		if i+1 < len(args) {
			flags[args[i]] = args[i+1]
		}
	}
	role := flags["-roles"]
	how, victim, _ := strings.Cut(flags["-fake"], ":")
	if victim != "" && victim != role {
		how = ""
	}
	log, err := os.Create(filepath.Join(folder, strconv.Itoa(os.Getpid())))
	if err != nil {
		return 3
	}
	fmt.Fprintf(log, "%s\n", strings.Join(args, " "))

	fmt.Printf("ready %s-of-%s\n", "endpoint", role)
	measured := 0
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		fmt.Fprintln(log, commands.Text())
		switch commands.Text() {
		case "begin":
			switch how {
			case "dies":
				fmt.Fprintln(os.Stderr, "zmq_send: Broken teapot")
				return 1
			case "panics":
				fmt.Fprintln(os.Stderr, "some words\npanic: oh dear\n\ngoroutine 1 [running]:\nmain.main()")
				return 2
			case "leaves":
				return 0
			case "silent":
			default:
				if role != "push" && role != "echo" && role != "pub" {
					fmt.Println("warm")
					fmt.Println("done")
				}
			}
		case "measure", "measure settle":
			count := 1000
			if how == "still" {
				count = 0
			}
			if how == "babbles" {
				fmt.Println("{not json")
				continue
			}
			elapsed := 2 * time.Millisecond
			if how == "late" && measured == 0 {
				elapsed, count = time.Microsecond, 0
			}
			fmt.Printf(`{"count":%d,"bytes":16000,"ns":%d,"cpu_ns":1000000,"rss":%d,"threads":1,"hist":[[3,2]]}`+"\n", count, elapsed, 1<<20+measured)
			measured++
		case "stop":
			switch how {
			case "stubborn":
				<-time.After(time.Minute)
			case "fails at the end":
				fmt.Fprintln(os.Stderr, "zmq_close: bad descriptor")
				return 1
			}
			return 0
		}
	}
	return 0
}
