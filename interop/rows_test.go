package interop

// The rows of the table beside the pairs of kinds.
const (
	rowDatagram     = "DGRAM–DGRAM"
	rowStream       = "STREAM–STREAM"
	rowIdentity     = "identities announced and generated"
	rowTaken        = "identity taken, and handed over"
	rowProbe        = "probe of a ROUTER"
	rowCorrelate    = "correlated requests"
	rowRelax        = "relaxed requests"
	rowForm         = "subscriptions and cancellations, on the wire"
	rowVerbose      = "verbose and verboser XPUB"
	rowWelcome      = "welcome message"
	rowGone         = "subscriber lost"
	rowHWM          = "high-water marks hold the sender up"
	rowConflate     = "conflation"
	rowHeartbeat    = "heartbeats"
	rowStopped      = "process stopped (SIGSTOP) and resumed"
	rowTheirPub     = "their XPUB killed and started again"
	rowOurPub       = "our XPUB closed and opened again"
	rowTheirPull    = "their PULL killed and started again"
	rowOurPull      = "our PULL closed and opened again"
	rowKilledSender = "killed amid a message to us"
	rowKilledTaker  = "killed amid a message of ours"
	rowTheirProxy   = "through their proxy"
	rowOurProxy     = "through our proxy"
	rowPlain        = "PLAIN"
	rowCurve        = "CURVE"
)

// row is the row of a pair of kinds.
func (c pairing) row() string { return c.left + "–" + c.right }

// rows are the rows of the table in their order.
func rows() (all []string) {
	for _, c := range pairings() {
		all = append(all, c.row())
	}
	for _, c := range draftPairings() {
		all = append(all, c.row())
	}
	return append(
		all, rowDatagram, rowStream, rowIdentity, rowTaken, rowProbe, rowCorrelate, rowRelax, rowForm, rowVerbose, rowWelcome, rowGone, rowHWM, rowConflate,
		rowHeartbeat, rowStopped, rowTheirPub, rowOurPub, rowTheirPull, rowOurPull, rowKilledSender, rowKilledTaker,
		rowTheirProxy, rowOurProxy, rowPlain, rowCurve,
	)
}

// Why a cell is empty, more than once.
const (
	boundSub   = "over ws its subscriber connects"
	noOption   = "not in this peer"
	tooOld     = "not in ZMTP 2.0"
	draftless  = "built without it"
	noBlocking = "its marks do not hold"
)

// remarks say why a cell is empty, or what is to be known about one that is not.
var remarks = map[place]string{
	{"PUB–SUB", "zeromq.js"}:   boundSub,
	{"XPUB–XSUB", "zeromq.js"}: boundSub,
	{"PUB–XSUB", "zeromq.js"}:  boundSub,
	{"XPUB–SUB", "zeromq.js"}:  boundSub,

	{"CLIENT–SERVER", "libzmq"}:   draftless,
	{"CLIENT–SERVER", "JeroMQ"}:   noOption,
	{"CLIENT–SERVER", "zmq4"}:     noOption,
	{"SCATTER–GATHER", "libzmq"}:  draftless,
	{"SCATTER–GATHER", "JeroMQ"}:  noOption,
	{"SCATTER–GATHER", "zmq4"}:    noOption,
	{"RADIO–DISH", "libzmq"}:      draftless,
	{"RADIO–DISH", "JeroMQ"}:      noOption,
	{"RADIO–DISH", "zmq4"}:        noOption,
	{rowDatagram, "libzmq"}:       draftless,
	{rowDatagram, "JeroMQ"}:       noOption,
	{rowDatagram, "zmq4"}:         noOption,
	{"PEER–PEER", "libzmq"}:       draftless,
	{"PEER–PEER", "zeromq.js"}:    "its PEER only receives",
	{"PEER–PEER", "JeroMQ"}:       noOption,
	{"PEER–PEER", "zmq4"}:         noOption,
	{"CHANNEL–CHANNEL", "libzmq"}: draftless,
	{"CHANNEL–CHANNEL", "JeroMQ"}: noOption,
	{"CHANNEL–CHANNEL", "zmq4"}:   noOption,
	{rowStream, "JeroMQ"}:         noOption,
	{rowStream, "zmq4"}:           noOption,

	{"XPUB–XSUB", "JeroMQ"}: "its XSUB sends subscriptions only",
	{rowIdentity, "JeroMQ"}: "its own at most 127 octets",
	{rowForm, "JeroMQ"}:     "as messages",
	{rowForm, "zmq4"}:       "as messages",
	{rowForm, "libzmq"}:     "as commands",
	{rowForm, "zeromq.js"}:  "as commands",

	{rowRelax, "zeromq.js"}: "its ROUTER",
	{rowPlain, "zmq4"}:      "as server it lets everybody in",

	{rowProbe, "JeroMQ"}:     noOption,
	{rowCorrelate, "JeroMQ"}: noOption,
	{rowRelax, "JeroMQ"}:     noOption,
	{rowWelcome, "JeroMQ"}:   noOption,
	{rowConflate, "JeroMQ"}:  noOption,
	{rowHeartbeat, "JeroMQ"}: tooOld,
	{rowStopped, "JeroMQ"}:   tooOld,
	{rowPlain, "JeroMQ"}:     tooOld,
	{rowCurve, "JeroMQ"}:     tooOld,

	{rowIdentity, "zmq4"}:     "announced ones",
	{rowTaken, "zmq4"}:        "its DEALER",
	{rowProbe, "zmq4"}:        noOption,
	{rowCorrelate, "zmq4"}:    noOption,
	{rowRelax, "zmq4"}:        noOption,
	{rowVerbose, "zmq4"}:      noOption,
	{rowWelcome, "zmq4"}:      noOption,
	{rowHWM, "zmq4"}:          noBlocking,
	{rowConflate, "zmq4"}:     noOption,
	{rowHeartbeat, "zmq4"}:    "ours keep silent towards it",
	{rowStopped, "zmq4"}:      "it runs in our process",
	{rowTheirPub, "zmq4"}:     "closed",
	{rowTheirPull, "zmq4"}:    "closed",
	{rowOurPull, "zmq4"}:      "its PUSH does not come back",
	{rowKilledSender, "zmq4"}: "it runs in our process",
	{rowKilledTaker, "zmq4"}:  "it runs in our process",
	{rowTheirProxy, "zmq4"}:   "see adapter_test.go",
	{rowOurProxy, "zmq4"}:     "see adapter_test.go",
	{rowCurve, "zmq4"}:        noOption,
}
