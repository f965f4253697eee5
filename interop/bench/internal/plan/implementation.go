package plan

// Implementation is one contender: a program that speaks the control protocol
// of the children, and what it is called.
type Implementation struct {
	Name    string   // in flags and in results.json
	Title   string   // in tables and plots
	Program string   // the folder it is built from: cmd/Program, or libzmq
	Flags   []string // given to the program in every workload
}

// The names of the two contenders that targets speak of, and of the limit.
const (
	Brokerless = "brokerless"
	Libzmq     = "libzmq"
	Plain      = "plain"
)

// RecvInto is brokerless again, receiving into memory that is used again.
const RecvInto = "brokerless-recvinto"

// Implementations returns all contenders, in the order in which tables show
// them and in which the first run takes them.
func Implementations() []Implementation {
	return []Implementation{
		{Name: Brokerless, Title: "brokerless", Program: "brokerless"},
		{Name: Libzmq, Title: "libzmq (C)", Program: "libzmq"},
		{Name: RecvInto, Title: "brokerless, RecvInto", Program: "brokerless", Flags: []string{"-reuse"}},
		{Name: "pebbe", Title: "pebbe/zmq4 (cgo)", Program: "pebbe"},
		{Name: "gozeromq", Title: "go-zeromq/zmq4", Program: "gozeromq"},
		{Name: "mangos", Title: "mangos", Program: "mangos"},
		{Name: Plain, Title: "plain Go", Program: "plain"},
	}
}

// Absent says why an implementation does not take part in a workload, or
// returns the empty string when it does.
func (w Workload) Absent(implementation string) string {
	switch {
	case implementation == RecvInto && w.Group() != "throughput" && (!w.Curve || w.Connector != "push"):
		return "only differs where receiving limits: see throughput"
	case w.Group() == "growth" && implementation != Brokerless && implementation != Libzmq:
		return "growth is compared with libzmq alone"
	case w.Curve && (implementation == "gozeromq" || implementation == "mangos" || implementation == Plain):
		return "has no CURVE"
	case implementation == "mangos" && w.Pattern == "dealerrouter":
		return "has no DEALER and ROUTER"
	case implementation == "mangos" && w.Frames > 1:
		return "its messages have no frames"
	case implementation == "gozeromq" && w.Transport == "inproc" && w.Size > 255:
		return "its inproc breaks frames of more than 255 octets"
	case implementation == Plain && w.Connector == "sub":
		return "plain connections have no subscriptions"
	}
	return ""
}
