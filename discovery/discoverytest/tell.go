package discoverytest

import (
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/discovery"
)

// texts are names that have broken one system or another.
var texts = []string{
	"",
	"worker-1",
	"a.b._tcp.local.",
	`with space, \032 and \backslash`,
	"日本語 ✓ é e\u0301 \U0001F600",
	"line\nbreak\ttab\x00zero\x7f",
	`"quoted" 'and' <marked> = & ;`,
	strings.Repeat("ü", discovery.MaxName/2),
}

// testAnnounce: what is announced is seen, each field of it.
func testAnnounce(w *town) {
	b := w.backend()
	var all []discovery.Instance
	for i, text := range texts {
		in := w.instance()
		in.Name, in.Realm, in.Host = text, texts[(i+1)%len(texts)], text
		if w.Service == "" && text != "" {
			in.Service = text
		}
		in.SocketType = []string{"", "ROUTER"}[i%2]
		in.Metadata = map[string]string{"text": text, "empty": "", "a key, no less": "a=b=c", "MixedCase~": "1"}
		in.Endpoints = w.endpoints(1 + i%w.Endpoints)
		all = append(all, in)
	}
	bare := w.instance()
	bare.Name, bare.SocketType, bare.Metadata = "", "", nil
	w.putAll(append(all, bare), 2)
	w.watch(b, "").becomes("what was announced")
	for _, in := range all {
		w.watch(b, in.Service).becomes(fmt.Sprintf("what was announced of %q", in.Service))
	}
}

// endpoints returns n endpoints, each of another kind.
func (w *town) endpoints(n int) []string {
	all := []string{w.endpoint()}
	for len(all) < n {
		switch w.ports++; len(all) % 4 {
		case 1:
			all = append(all, fmt.Sprintf("ipc:///run/orders/%d.sock", w.ports))
		case 2:
			all = append(all, fmt.Sprintf("tcp://host-%d.example:%d", w.ports, w.ports))
		case 3:
			all = append(all, fmt.Sprintf("ipc://@ö %d", w.ports))
		default:
			all = append(all, w.endpoint())
		}
	}
	return all
}

// testAnnounceLargest: what Validate takes is carried, to the last octet.
func testAnnounceLargest(w *town) {
	in := w.instance()
	in.Name, in.Realm = strings.Repeat("n", discovery.MaxName), strings.Repeat("é", discovery.MaxName/2)
	in.Host, in.SocketType = strings.Repeat("h", 16), "DEALER"
	in.Endpoints = w.endpoints(w.Endpoints)
	in.Metadata = make(map[string]string)
	for i := range discovery.MaxMetadata {
		in.Metadata[fmt.Sprintf("key-%d", i)] = ""
	}
	for in.Validate() == nil {
		in.Metadata["key-0"] += "v"
	}
	in.Metadata["key-0"] = in.Metadata["key-0"][1:]
	if err := in.Validate(); err != nil {
		w.Fatalf("discoverytest: cannot make a largest instance: %v", err)
	}
	many := w.instance() // another way of being large
	many.Metadata["value"] = strings.Repeat("ä", 300)
	b := w.backend()
	w.putAll([]discovery.Instance{in, many}, 1)
	w.watch(b, "").becomes("the largest instances")
}

// testCopies: nobody else's instance changes when one changes one's own.
func testCopies(w *town) {
	b := w.backend()
	in := w.instance()
	first, second := w.watch(b, w.service()), w.watch(b, w.service())
	w.put(in)
	in.Endpoints[0], in.Metadata["zone"] = "tcp://192.0.2.1:1", "changed"
	id := w.Seen(w.truth[in.ID]).ID
	told := first.until(discovery.Added, id).Instance
	told.Endpoints[0] = "tcp://192.0.2.2:2"
	if told.Metadata != nil {
		told.Metadata["zone"] = "changed"
	}
	second.becomes("what was announced before it was changed")
	w.watch(b, "").becomes("what was announced before it was changed")
}

// testOwnInstances: a backend sees what it announces itself.
func testOwnInstances(w *town) {
	if w.Publish != nil {
		w.Skip("the backend only reads")
	}
	in := w.instance()
	v := w.watch(w.home(in.ID, 1), w.service())
	w.put(in)
	v.becomes("an instance of its own")
	w.remove(in.ID)
	v.becomes("an instance of its own that has gone")
}

// testSyncedWhenEmpty: who sees nobody is told so.
func testSyncedWhenEmpty(w *town) {
	w.putAll(nil, 0)
	v := w.watch(w.backend(), w.service())
	v.becomes("nobody")
	if len(v.have) > 0 {
		w.Errorf("there is somebody:\n%s", v.tell())
	}
}

// testLateWatcher: who comes late gets all that the backend knows, then
// Synced, then what changes.
func testLateWatcher(w *town) {
	b := w.backend()
	var all []discovery.Instance
	for range 3 {
		all = append(all, w.instance())
	}
	w.putAll(all, 2)
	w.watch(b, "").becomes("three instances")
	late := w.watch(b, w.service())
	late.untilSynced()
	if diff := late.differs(w.want(w.service())); diff != "" {
		w.Errorf("not all were told before Synced:\n%s%s", diff, late.tell())
	}
	w.put(w.instance())
	late.becomes("a fourth")
	w.remove(all[0].ID)
	late.becomes("one less")
}

// testServices: a watcher hears of its own service alone, or of all.
func testServices(w *town) {
	if w.Service != "" {
		w.Skip("the backend is made for one service")
	}
	b := w.backend()
	orders, bills, all, none := w.watch(b, "orders"), w.watch(b, "bills"), w.watch(b, ""), w.watch(b, "Orders")
	order, bill := w.instance(), w.instance()
	bill.Service = "bills"
	w.putAll([]discovery.Instance{order, bill}, 2)
	for _, v := range []*view{orders, bills, all} {
		v.becomes("the instances of " + v.service)
	}
	bill.Name = "another"
	w.put(bill)
	w.remove(order.ID)
	for _, v := range []*view{orders, bills, all, none} {
		v.becomes("the instances of " + v.service)
	}
	if n := len(none.events); n != 1 {
		w.Errorf("watching a service without instances: %d events, want Synced alone\n%s", n, none.tell())
	}
}
