package zre

// Stats counts what a node has done and what it has not believed.
type Stats struct {
	BeaconsSent     uint64 // to each address
	BeaconsUnsent   uint64 // that the system did not take, as when a link is down
	BeaconsReceived uint64 // of other nodes, that were believed
	BeaconsForeign  uint64 // that did not come from a link of the host
	BeaconsBad      uint64 // that were no beacons
	BeaconsRefuted  uint64 // of peers whose link, or address, says otherwise

	Received uint64 // messages of peers that are there
	Early    uint64 // messages that were ignored because no HELLO came before (ZR-07)
	Late     uint64 // messages that were ignored because they came by a connection before that of the HELLO
	Bad      uint64 // messages that were discarded: no signature, another version, no identity of ZRE, a bad HELLO
	Outside  uint64 // messages shouted to groups that the node is not in

	Entered        uint64
	Exited         uint64
	Refused        uint64 // peers for which there was no room
	StatusMismatch uint64 // JOINs and LEAVEs whose group status was not the next (ZR-10)

	Peers   int // that are there
	Pending int // that were found, and have not said HELLO
	Waiting int // events that wait for Next
	Unsent  int // messages that wait for peers
}
