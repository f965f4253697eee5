package socket_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What libzmq 4.3.5 has, by section of docs/migrating.md: the options of
// zmq_setsockopt, those that can only be read, those that its manual does not
// have, and those of zmq_ctx_set.
var libzmqOptions = map[string]string{
	"Socket options": `AFFINITY BACKLOG BINDTODEVICE CONNECT_RID CONNECT_ROUTING_ID CONFLATE CONNECT_TIMEOUT CURVE_PUBLICKEY
		CURVE_SECRETKEY CURVE_SERVER CURVE_SERVERKEY DISCONNECT_MSG GSSAPI_PLAINTEXT GSSAPI_SERVER GSSAPI_PRINCIPAL
		GSSAPI_SERVICE_PRINCIPAL GSSAPI_PRINCIPAL_NAMETYPE GSSAPI_SERVICE_PRINCIPAL_NAMETYPE HANDSHAKE_IVL HELLO_MSG HEARTBEAT_IVL
		HEARTBEAT_TIMEOUT HEARTBEAT_TTL IDENTITY IMMEDIATE INVERT_MATCHING IPV6 LINGER MAXMSGSIZE METADATA MULTICAST_HOPS
		MULTICAST_MAXTPDU PLAIN_PASSWORD PLAIN_SERVER PLAIN_USERNAME USE_FD PRIORITY PROBE_ROUTER RATE RCVBUF RCVHWM RCVTIMEO
		RECONNECT_IVL RECONNECT_IVL_MAX RECONNECT_STOP RECOVERY_IVL REQ_CORRELATE REQ_RELAXED ROUTER_HANDOVER ROUTER_MANDATORY
		ROUTER_RAW ROUTING_ID SNDBUF SNDHWM SNDTIMEO SOCKS_PROXY SOCKS_USERNAME SOCKS_PASSWORD STREAM_NOTIFY SUBSCRIBE
		TCP_KEEPALIVE TCP_KEEPALIVE_CNT TCP_KEEPALIVE_IDLE TCP_KEEPALIVE_INTVL TCP_MAXRT TOS UNSUBSCRIBE XPUB_VERBOSE XPUB_VERBOSER
		XPUB_MANUAL XPUB_MANUAL_LAST_VALUE XPUB_NODROP XPUB_WELCOME_MSG ONLY_FIRST_SUBSCRIBE ZAP_DOMAIN ZAP_ENFORCE_DOMAIN
		TCP_ACCEPT_FILTER IPC_FILTER_UID IPC_FILTER_GID IPC_FILTER_PID IPV4ONLY VMCI_BUFFER_SIZE VMCI_BUFFER_MIN_SIZE
		VMCI_BUFFER_MAX_SIZE VMCI_CONNECT_TIMEOUT MULTICAST_LOOP ROUTER_NOTIFY IN_BATCH_SIZE OUT_BATCH_SIZE`,
	"Options to read": `EVENTS FD LAST_ENDPOINT MECHANISM RCVMORE THREAD_SAFE TYPE TOPICS_COUNT`,
	"Later options": `LOOPBACK_FASTPATH WSS_KEY_PEM WSS_CERT_PEM WSS_TRUST_PEM WSS_HOSTNAME WSS_TRUST_SYSTEM BUSY_POLL HICCUP_MSG
		XSUB_VERBOSE_UNSUBSCRIBE NORM_MODE NORM_UNICAST_NACK NORM_BUFFER_SIZE NORM_SEGMENT_SIZE NORM_BLOCK_SIZE NORM_NUM_PARITY
		NORM_NUM_AUTOPARITY NORM_PUSH`,
	"Context options": `IO_THREADS MAX_SOCKETS SOCKET_LIMIT MAX_MSGSZ IPV6 BLOCKY ZERO_COPY_RECV MSG_T_SIZE THREAD_SCHED_POLICY
		THREAD_PRIORITY THREAD_AFFINITY_CPU_ADD THREAD_AFFINITY_CPU_REMOVE THREAD_NAME_PREFIX`,
}

var (
	codeSpan = regexp.MustCompile("`[^`]+`")
	goName   = regexp.MustCompile(`^(?:([a-z][a-z0-9]*)\.)?([A-Z]\w*)(?:\.([A-Z]\w*))?(?:\(.*\))?$`)
)

// packageDirs has the directories of the packages that docs/migrating.md names.
var packageDirs = map[string]string{
	"socket": ".", "curve": "curve", "plain": "plain", "auth": "auth",
	"tcp": "../transport/tcp", "ipc": "../transport/ipc", "inproc": "../transport/inproc",
	"udp": "../transport/udp", "ws": "../transport/ws", "tls": "../transport/tls",
	"socks": "../transport/socks",
}

// exported returns the exported names of a package: of what it declares, and of
// methods and fields, the latter two without what they belong to.
func exported(t *testing.T, dir string) (top, members map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package in %s: %v", dir, err)
	}
	top, members = make(map[string]bool), make(map[string]bool)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					members[d.Name.Name] = true
				} else {
					top[d.Name.Name] = true
				}
			case *ast.GenDecl:
				declared(d, top, members)
			}
		}
	}
	return top, members
}

// declared notes what a declaration of types, constants or variables declares.
func declared(d *ast.GenDecl, top, members map[string]bool) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				top[name.Name] = true
			}
		case *ast.TypeSpec:
			top[spec.Name.Name] = true
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						members[name.Name] = true
					}
				}
			}
		}
	}
}

// migratingOptions returns the part of docs/migrating.md about options.
func migratingOptions(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(doc), "\n## Options\n")
	if !ok {
		t.Fatal("there is no part about options")
	}
	part, _, _ = strings.Cut(part, "\n## ")
	return part
}

// TestMigratingOptions: docs/migrating.md has each option of libzmq once.
func TestMigratingOptions(t *testing.T) {
	sections := strings.Split(migratingOptions(t), "\n### ")
	found := make(map[string]bool)
	for _, s := range sections[1:] {
		title, body, _ := strings.Cut(s, "\n")
		want, ok := libzmqOptions[title]
		if !ok {
			continue
		}
		found[title] = true
		var got []string
		columns := 0
		for line := range strings.Lines(body) {
			cells := strings.Split(strings.Trim(line, "| \n"), "|")
			if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
				continue
			}
			if strings.HasPrefix(line, "| Option |") {
				columns = strings.Count(line, "|")
				continue
			}
			if n := strings.Count(line, "|"); n != columns {
				t.Errorf("%s: %d bars in a table of %d: %s", title, n, columns, line)
			}
			got = append(got, strings.Split(strings.TrimSpace(cells[0]), ", ")...)
		}
		if options := strings.Fields(want); !slices.Equal(got, options) {
			for _, name := range options {
				if n := count(got, name); n != 1 {
					t.Errorf("%s: %s stands there %d times", title, name, n)
				}
			}
			for _, name := range got {
				if !slices.Contains(options, name) {
					t.Errorf("%s: libzmq has no %s", title, name)
				}
			}
			t.Errorf("%s: not in the order of the manual", title)
		}
	}
	if len(found) != len(libzmqOptions) {
		t.Errorf("sections %v, want %d", found, len(libzmqOptions))
	}
}

func count(names []string, name string) (n int) {
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}

// TestMigratingNames: what docs/migrating.md names for an option exists.
func TestMigratingNames(t *testing.T) {
	type names struct{ top, members map[string]bool }
	packages := make(map[string]names)
	checked := 0
	for _, span := range codeSpan.FindAllString(migratingOptions(t), -1) {
		text := strings.Trim(span, "`")
		m := goName.FindStringSubmatch(text)
		if m == nil || strings.HasPrefix(text, "ZMQ_") {
			continue
		}
		pkg, first, second := m[1], m[2], m[3]
		switch pkg {
		case "":
			pkg = "socket"
		case "net", "runtime", "time":
			continue
		}
		dir, ok := packageDirs[pkg]
		if !ok {
			t.Errorf("%s: no package of ours", text)
			continue
		}
		if _, read := packages[pkg]; !read {
			top, members := exported(t, dir)
			packages[pkg] = names{top, members}
		}
		p := packages[pkg]
		switch {
		case second == "" && !p.top[first] && !p.members[first]:
			t.Errorf("%s: there is no such name", text)
		case second != "" && (!p.top[first] || !p.members[second]):
			t.Errorf("%s: there is no such type or member", text)
		}
		checked++
	}
	if checked < 100 {
		t.Errorf("only %d names found", checked)
	}
}
