package curve

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// The key pairs of libzmq's tests, public and secret.
var libzmqPairs = [][2]string{
	{"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"},
	{"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"},
}

func libzmqPair(t testing.TB, i int) KeyPair {
	t.Helper()
	public, err := ParseKey(libzmqPairs[i][0])
	secret, err2 := ParseSecretKey(libzmqPairs[i][1])
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return KeyPair{public, secret}
}

func TestKeys(t *testing.T) {
	for i, text := range libzmqPairs {
		pair := libzmqPair(t, i)
		if pair.Public.String() != text[0] || pair.Secret.Reveal() != text[1] || pair.Secret.Public() != pair.Public {
			t.Errorf("pair %q is %v and %q, whose public key is %v", text, pair.Public, pair.Secret.Reveal(), pair.Secret.Public())
		}
		if err := pair.Validate(); err != nil {
			t.Error(err)
		}
	}
	one, err := NewKeyPair()
	two, err2 := NewKeyPair()
	if err != nil || err2 != nil || one.Public == two.Public || one.Validate() != nil || two.Validate() != nil {
		t.Errorf("new pairs %v, %v and %v, %v", one, err, two, err2)
	}
}

// WT-84: 40 characters and nothing else.
func TestParseKeyRefuses(t *testing.T) {
	good := libzmqPairs[0][1]
	for _, text := range []string{"", good[:39], good[:35], good + "0", good + "\x00", good + "00000", " " + good[1:], strings.Repeat("#", 40), good[:32]} {
		key, err := ParseKey(text)
		secret, err2 := ParseSecretKey(text)
		if err == nil || err2 == nil || key != (Key{}) || secret.octets != nil {
			t.Errorf("%q: %v, %v", text, err, err2)
			continue
		}
		if len(text) > 4 && strings.Contains(err2.Error(), text[1:5]) {
			t.Errorf("the error %q shows what was given", err2)
		}
	}
}

func TestKeyPairValidate(t *testing.T) {
	one, two := libzmqPair(t, 0), libzmqPair(t, 1)
	for want, pair := range map[string]KeyPair{
		"no secret key":  {Public: one.Public},
		"does not belon": {Public: one.Public, Secret: two.Secret},
		"no secret ke":   {Public: NewSecretKey([Size]byte{}).Public(), Secret: NewSecretKey([Size]byte{})},
	} {
		if err := pair.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", pair, err, want)
		}
	}
	if none := (SecretKey{}); none.Reveal() != "" || none.Public() != (Key{}) {
		t.Errorf("no key: %q, %v", none.Reveal(), none.Public())
	}
}

// A secret key shows itself nowhere: not by any verb, encoder or logger, in
// whatever it is held, exported or not.
func TestSecretKeyHides(t *testing.T) {
	pair := libzmqPair(t, 0)
	type config struct {
		Own   KeyPair
		other SecretKey
		list  []SecretKey
	}
	raw := *pair.Secret.octets()
	key := libzmqPair(t, 1).Public
	things := []any{
		pair.Secret, &pair.Secret, pair, &pair,
		[]SecretKey{pair.Secret},
		map[string]KeyPair{"x": pair},
		config{pair, pair.Secret, []SecretKey{pair.Secret}},
		&config{pair, pair.Secret, nil},
		Client(key, pair), Server(pair), Peers(pair, func(socket.Connection) (Key, error) { return key, nil }),
		struct{ security any }{Server(pair)},
		struct{ own any }{pair.Secret},
		struct{ own *SecretKey }{&pair.Secret},
		fmt.Errorf("bad: %v", pair), fmt.Errorf("bad: %+v", pair.Secret),
	}
	var all bytes.Buffer
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%T", "%t", "%08.3v"} {
			fmt.Fprintf(&all, verb+"\n", thing)
		}
		if b, err := json.Marshal(thing); err == nil {
			all.Write(b)
		}
		_ = gob.NewEncoder(&all).Encode(thing) // may not want to: that is no harm
		slog.New(slog.NewTextHandler(&all, nil)).Info("x", "thing", thing)
		slog.New(slog.NewJSONHandler(&all, nil)).Info("x", "thing", thing)
	}
	text := all.String()
	for form, secret := range map[string]string{
		"Z85": pair.Secret.Reveal(), "octets": string(raw[:]), "hex": hex.EncodeToString(raw[:]),
		"HEX": strings.ToUpper(hex.EncodeToString(raw[:])), "spaced": fmt.Sprintf("% x", raw), "list": strings.Trim(fmt.Sprint(raw), "[]"),
		"commas": strings.Trim(strings.ReplaceAll(fmt.Sprint(raw), " ", ","), "[]"), "octal": strings.Trim(fmt.Sprintf("%o", raw), "[]"),
		"hex list": fmt.Sprintf("%#x, %#x, %#x", raw[0], raw[1], raw[2]),
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret key is shown, as %s", form)
		}
	}
	if !strings.Contains(text, hidden) || !strings.Contains(text, pair.Public.String()) {
		t.Error("nothing is shown in place of it, or the public key is not")
	}
}

func TestKeyText(t *testing.T) {
	pair := libzmqPair(t, 0)
	b, err := json.Marshal(pair)
	if err != nil {
		t.Fatal(err)
	}
	var got KeyPair
	if err := json.Unmarshal(b, &got); err == nil {
		t.Errorf("%s is a pair again", b)
	}
	if got.Public != pair.Public {
		t.Errorf("public key %v, want %v", got.Public, pair.Public)
	}
	b, err = json.Marshal(map[string]string{"Public": libzmqPairs[0][0], "Secret": libzmqPairs[0][1]})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &got); err != nil || got.Validate() != nil || got.Public != pair.Public {
		t.Errorf("%s is %v, %v", b, got, err)
	}
}
