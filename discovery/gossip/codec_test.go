package gossip

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// instance returns an instance that nobody has seen.
func instance(service string) discovery.Instance {
	return discovery.Instance{
		ID: discovery.NewID(), Service: service, Realm: "test", Name: "ünïcode", SocketType: "PULL", Host: "ab12",
		Endpoints: []string{"tcp://127.0.0.1:5555", "ipc:///run/x"},
		Metadata:  map[string]string{"zone": "a", "empty": ""},
		Version:   discovery.Version,
	}
}

// largest returns an instance that can hold no octet more.
func largest(t *testing.T) discovery.Instance {
	t.Helper()
	in := instance("orders")
	for i := range discovery.MaxMetadata - 2 {
		in.Metadata[fmt.Sprintf("key-%d", i)] = ""
	}
	for in.Validate() == nil {
		in.Metadata["zone"] += "z"
	}
	in.Metadata["zone"] = in.Metadata["zone"][1:]
	if err := in.Validate(); err != nil {
		t.Fatal(err)
	}
	return in
}

// instancesOf returns what a list holds.
func instancesOf(t *testing.T, l *list) (all []discovery.Instance) {
	t.Helper()
	err := l.instances(func(in *discovery.Instance, err error) {
		if err != nil {
			t.Errorf("an instance of the list: %v", err)
		}
		all = append(all, *in)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestListComesBack(t *testing.T) {
	bare := discovery.Instance{ID: discovery.NewID(), Service: "s", Version: 1}
	for name, want := range map[string][]discovery.Instance{
		"none":    nil,
		"bare":    {bare},
		"some":    {instance("a"), bare, instance("b")},
		"largest": {largest(t)},
	} {
		t.Run(name, func(t *testing.T) {
			owner := discovery.NewID()
			made := encodeList(owner, 7, false, want)
			got, _, err := decodeList(made.octets)
			if err != nil || got.owner != owner || got.version != 7 || got.left {
				t.Fatalf("decodeList = %s, %d, %t, %v", got.owner, got.version, got.left, err)
			}
			all := instancesOf(t, &got)
			if len(all) != len(want) {
				t.Fatalf("%d instances, want %d", len(all), len(want))
			}
			for i := range want {
				if !all[i].Equal(&want[i]) {
					t.Errorf("instance %d: %+v, want %+v", i, all[i], want[i])
				}
			}
		})
	}
}

func TestGoodbyeComesBack(t *testing.T) {
	made := encodeList(discovery.NewID(), 1<<63, true, nil)
	if got, _, err := decodeList(made.octets); err != nil || !got.left || got.version != 1<<63 {
		t.Errorf("left %t, version %d, %v", got.left, got.version, err)
	}
}

// Each list fits into one packet, or is put together again from its parts, in
// whichever order and however often they come.
func TestPacketsComeBack(t *testing.T) {
	for _, count := range []int{1, 2, 20} {
		var all []discovery.Instance
		for range count {
			all = append(all, largest(t))
		}
		made := encodeList(discovery.NewID(), 3, false, all)
		packets := made.packets()
		if wantParts := count > 1; (len(packets) > 1) != wantParts {
			t.Errorf("%d instances of the largest kind: %d packets", count, len(packets))
		}
		for _, b := range packets {
			if len(b) > maxPacket {
				t.Errorf("packet of %d octets: want at most %d", len(b), maxPacket)
			}
		}
		if count == 1 {
			continue
		}
		var a assembly
		var got []byte
		for _, b := range slices.Backward(packets) {
			for range 2 {
				p, err := decodePart(b[1:])
				if err != nil {
					t.Fatal(err)
				}
				if whole := a.add(&p); whole != nil {
					got = whole
				}
			}
		}
		if !bytes.Equal(got, made.octets) {
			t.Errorf("%d octets came of %d", len(got), len(made.octets))
		}
	}
}

// Of a list that is too long for gossip one packet tells that it is there.
func TestLongListIsNotGossiped(t *testing.T) {
	var all []discovery.Instance
	for range 60 {
		all = append(all, largest(t))
	}
	made := encodeList(discovery.NewID(), 3, false, all)
	packets := made.packets()
	if len(packets) != 1 {
		t.Fatalf("%d packets, want 1", len(packets))
	}
	p, err := decodePart(packets[0][1:])
	if err != nil || p.count <= maxParts || p.version != 3 {
		t.Errorf("part of %d, version %d, %v", p.count, p.version, err)
	}
}

// A later version may say more of an instance, and this one passes it on.
func TestUnknownOctetsArePassedOn(t *testing.T) {
	in := instance("orders")
	one := append(appendInstance(nil, &in), "something new"...)
	owner := discovery.NewID()
	b := append([]byte{format}, owner[:]...)
	b = append(b, 9, 0, 1) // version, flags, count
	l, _, err := decodeList(appendBlock(b, one))
	if err != nil {
		t.Fatal(err)
	}
	if got := instancesOf(t, &l); len(got) != 1 || !got[0].Equal(&in) {
		t.Errorf("got %+v, want %+v", got, in)
	}
	s := encodeState([]list{l})
	if !bytes.Contains(s, []byte("something new")) {
		t.Error("the state has lost what is new")
	}
}

// No proper prefix of what is well-formed is, and none makes anything panic.
func TestPrefixesFail(t *testing.T) {
	made := encodeList(discovery.NewID(), 300, false, []discovery.Instance{instance("a"), largest(t)})
	for n := range len(made.octets) {
		l, _, err := decodeList(made.octets[:n])
		if err == nil {
			err = l.instances(func(*discovery.Instance, error) {})
		}
		if err == nil {
			t.Fatalf("the first %d octets of %d are a list", n, len(made.octets))
		}
	}
	s := encodeState([]list{made, made})
	for n := range len(s) {
		if err := decodeState(s[:n], func(list, error) {}); err == nil {
			t.Fatalf("the first %d octets of %d are a state", n, len(s))
		}
	}
}

func TestHostileLists(t *testing.T) {
	head := func(rest ...byte) []byte {
		id := discovery.NewID()
		return append(append([]byte{format}, id[:]...), rest...)
	}
	wild := instance("a")
	wild.Endpoints = []string{"tcp://0.0.0.0:1"}
	for name, b := range map[string][]byte{
		"empty":                 {},
		"another format":        {2},
		"no owner":              make([]byte, 40),
		"version 0":             head(0, 0, 0),
		"counts that lie":       head(1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"length that lies":      head(1, 0, 1, 0xff, 0xff, 0xff, 0x7f),
		"too long":              make([]byte, maxList+1),
		"varint without an end": head(bytes.Repeat([]byte{0x80}, 12)...),
	} {
		l, _, err := decodeList(b)
		if err == nil {
			err = l.instances(func(*discovery.Instance, error) {})
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, b := range map[string][]byte{
		"empty":           {},
		"wildcard":        appendInstance(nil, &wild),
		"zeroes":          make([]byte, 200),
		"too long":        make([]byte, maxEncoded+1),
		"counts that lie": append(make([]byte, 16), 1, 1, 'a', 0, 0, 0, 0, 0xff, 0xff, 0x7f),
		"not UTF-8":       append(make([]byte, 15), 1, 1, 1, 0xff, 0, 0, 0, 0, 0, 0),
	} {
		if _, err := decodeInstance(b); err == nil {
			t.Errorf("instance, %s: no error", name)
		}
	}
	if _, err := decodePart(append(head(1, 2, 2)[1:], 'x')); err == nil {
		t.Error("part 2 of 2: no error")
	}
}

// FuzzState feeds a state with what anybody may send. Whatever comes, it must
// hold no more than it was allowed to, and nothing that is not valid.
func FuzzState(f *testing.F) {
	one := encodeList(discovery.ID{1}, 1, false, []discovery.Instance{{ID: discovery.ID{7}, Service: "a", Endpoints: []string{"tcp://a:1"}, Metadata: map[string]string{"k": "v"}, Version: 1}})
	long := encodeList(discovery.ID{2}, 2, false, []discovery.Instance{{ID: discovery.ID{8}, Service: strings.Repeat("s", 100), Version: 1}, {ID: discovery.ID{7}, Service: "a"}})
	gone := encodeList(discovery.ID{1}, 3, true, nil)
	for _, l := range []list{one, long, gone} {
		f.Add(append([]byte{kindList}, l.octets...))
		f.Add(append([]byte{0}, encodeState([]list{l, one})...))
	}
	f.Add(encodeWant(discovery.ID{1}))
	part := append([]byte{kindPart}, append(bytes.Repeat([]byte{1}, 16), 1, 2, 0, 'x')...)
	f.Add(part)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := testState(t)
		s.max = 4096
		s.join(member(discovery.ID{1}), now)
		if len(b) > 0 && b[0] == 0 {
			s.merge(b[1:], now)
		} else {
			s.receive(b, now)
		}
		s.tend(now.Add(1e9), 1)
		for _, in := range s.catalog.Instances("") {
			if err := in.Validate(); err != nil {
				t.Errorf("holds %+v: %v", in, err)
			}
		}
		held := 0
		for _, n := range s.nodes {
			held += len(n.list.octets)
		}
		if held != s.octets || held > s.max {
			t.Errorf("holds %d octets and counts %d: want at most %d", held, s.octets, s.max)
		}
		if err := decodeState(s.exchange(now), func(_ list, err error) {
			if err != nil {
				t.Errorf("passes on what makes no sense: %v", err)
			}
		}); err != nil {
			t.Errorf("passes on what makes no sense: %v", err)
		}
	})
}
