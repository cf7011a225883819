package signed

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const says = "0123  linux-6.12.tar.xz\n- a line that is escaped\n"

func newKey(t *testing.T, name string, config *packet.Config) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity(name, "", name+"@example.invalid", config)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, key *openpgp.Entity, text string, config *packet.Config) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, key.PrivateKey, config)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// binary is a keyring as gpg --export writes it, and inArmour one as gpg
// --armor --export does.
func binary(t *testing.T, keys ...*openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, k := range keys {
		if err := k.Serialize(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func inArmour(t *testing.T, kind string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

func file(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASignedTextIsRead(t *testing.T) {
	one, two := newKey(t, "one", nil), newKey(t, "two", nil)
	block := func(k *openpgp.Entity) []byte { return inArmour(t, openpgp.PublicKeyType, binary(t, k)) }
	for name, keyring := range map[string][]byte{
		"binary":            binary(t, one, two),
		"armoured":          inArmour(t, openpgp.PublicKeyType, binary(t, one, two)),
		"armoured, in two":  append(block(one), block(two)...),
		"armoured, of mail": append([]byte("Here are my keys:\n\n"), block(two)...),
	} {
		got, signer, err := Text(file(t, keyring), append([]byte("read this\n"), sign(t, two, says, nil)...))
		if err != nil || string(got) != says || len(signer) != 40 || !strings.HasSuffix(signer, strings.ToUpper(two.PrimaryKey.KeyIdString())) {
			t.Errorf("%s: %q of %s, %v", name, got, signer, err)
		}
	}
}

func TestWhatIsNotSignedIsRefused(t *testing.T) {
	key, other := newKey(t, "one", nil), newKey(t, "other", nil)
	aDayAgo := &packet.Config{Time: func() time.Time { return time.Now().Add(-24 * time.Hour) }, KeyLifetimeSecs: 3600, SigLifetimeSecs: 3600}
	expired := newKey(t, "old", aDayAgo)
	revoked := newKey(t, "revoked", nil)
	if err := revoked.RevokeKey(packet.KeyCompromised, "", nil); err != nil {
		t.Fatal(err)
	}
	good := sign(t, key, says, nil)
	for name, test := range map[string]struct {
		key  *openpgp.Entity
		text []byte
		want string
	}{
		"plain":             {key, []byte(says), "it is not signed"},
		"empty":             {key, nil, "it is not signed"},
		"changed":           {key, bytes.Replace(good, []byte("0123"), []byte("0124"), 1), "the text is not what was signed"},
		"signature changed": {key, bytes.Replace(good, []byte("-----BEGIN PGP SIGNATURE-----\n\n"), []byte("-----BEGIN PGP SIGNATURE-----\n\nAAAA"), 1), "signature"},
		"cut":               {key, good[:len(good)-60], "it is not signed"},
		"another's":         {key, sign(t, other, says, nil), other.PrimaryKey.KeyIdString() + " has made it, and the keyring has " + key.PrimaryKey.KeyIdString() + " (one <one@example.invalid>)"},
		"an expired key":    {expired, sign(t, expired, says, &packet.Config{Time: aDayAgo.Time}), "has expired: the keyring may be too old"},
		"a revoked key":     {revoked, sign(t, revoked, says, nil), "was revoked"},
		"old signature":     {key, sign(t, key, says, &packet.Config{Time: aDayAgo.Time, SigLifetimeSecs: 3600}), "signature has expired"},
	} {
		path := file(t, binary(t, test.key))
		got, _, err := Text(path, test.text)
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(test.want)) || !strings.Contains(err.Error(), path) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestWhatGnuPGMakes reads keyrings that gpg has exported and texts that it has
// signed, one of them over a digest that two texts may share.
func TestWhatGnuPGMakes(t *testing.T) {
	for _, keyring := range []string{"testdata/gpg.gpg", "testdata/gpg.asc"} {
		for text, want := range map[string]string{"testdata/sha512.txt.asc": "", "testdata/sha1.txt.asc": "its signature cannot be checked"} {
			signed, err := os.ReadFile(text)
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := Text(keyring, signed)
			switch {
			case want == "" && (err != nil || strings.TrimSpace(string(got)) != "0123  linux-6.12.tar.xz\n- dashed"):
				t.Errorf("%s, %s: %q, %v", keyring, text, got, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s, %s: %q, %v", keyring, text, got, err)
			}
		}
	}
}

// TestWhatStandsAroundIsNotSigned has text before and behind what is signed: it
// is no part of what is returned.
func TestWhatStandsAroundIsNotSigned(t *testing.T) {
	key := newKey(t, "one", nil)
	text := append([]byte("ffff  linux-6.12.tar.xz\n"), sign(t, key, says, nil)...)
	text = append(text, "\nffff  linux-6.12.tar.xz\n"...)
	got, _, err := Text(file(t, binary(t, key)), text)
	if err != nil || string(got) != says {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAFileThatIsNoKeyring(t *testing.T) {
	key := newKey(t, "one", nil)
	signature := inArmour(t, "PGP SIGNATURE", binary(t, key))
	var secret bytes.Buffer
	if err := key.SerializePrivate(&secret, nil); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text []byte
		want string
	}{
		"empty":       {nil, "it holds no key"},
		"text":        {[]byte("no keyring\n"), "it holds no keys of OpenPGP"},
		"a signature": {signature, "it holds a PGP SIGNATURE"},
		"secret keys": {inArmour(t, openpgp.PrivateKeyType, secret.Bytes()), "it holds a PGP PRIVATE KEY BLOCK"},
		"a keybox":    {[]byte("\x00\x00\x00\x20\x01\x01\x00\x02KBXf\x00\x00"), "GnuPG's keybox"},
		"cut":         {inArmour(t, openpgp.PublicKeyType, binary(t, key))[:200], "armour is damaged"},
	} {
		path := file(t, test.text)
		_, _, err := Text(path, sign(t, key, says, nil))
		var bad *KeyringError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "gpg --export") {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "none.gpg")
	var bad *KeyringError
	if _, _, err := Text(path, nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), path+" cannot be used: no such file") {
		t.Errorf("no file: %v", err)
	}
	if _, _, err := Text(t.TempDir(), nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: %v", err)
	}
}
