package signed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// KeyringError tells that a file is no keyring.
type KeyringError struct {
	Path string
	Err  error
}

// Error names the file, the cause and the hint.
func (e *KeyringError) Error() string {
	return fmt.Sprintf("the keyring %s cannot be used: %v (gpg --export KEY >FILE makes one)", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *KeyringError) Unwrap() error { return e.Err }

// maxKeyring is the largest keyring that is read; Debian's has 60 KB.
const maxKeyring = 16 << 20

// Beginnings of files: of keys in armour, and, at an offset, of GnuPG's own
// store of keys, which is no keyring.
var (
	armoured     = []byte("-----BEGIN PGP ")
	keybox       = []byte("KBXf")
	keyboxOffset = 8
)

// CheckKeyring reports by its error, a [*KeyringError], whether a file is no keyring.
func CheckKeyring(path string) error {
	_, err := readKeyring(path)
	return err
}

// readKeyring reads a file of public keys, binary or in armour; of the latter
// there may be several behind one another.
func readKeyring(path string) (openpgp.EntityList, error) {
	bad := func(err error) (openpgp.EntityList, error) { return nil, &KeyringError{Path: path, Err: err} }
	f, err := os.Open(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err // without the path, which is named
		}
		return bad(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxKeyring))
	if err != nil {
		return bad(err)
	}
	if len(text) >= keyboxOffset+len(keybox) && bytes.Equal(text[keyboxOffset:keyboxOffset+len(keybox)], keybox) {
		return bad(errors.New("it is GnuPG's keybox, which holds keys in a form of its own"))
	}
	var keys openpgp.EntityList
	if bytes.Contains(text, armoured) {
		keys, err = readArmoured(text)
	} else if keys, err = openpgp.ReadKeyRing(bytes.NewReader(text)); err != nil {
		err = fmt.Errorf("it holds no keys of OpenPGP: %w", err)
	}
	if err != nil {
		return bad(err)
	}
	if len(keys) == 0 {
		return bad(errors.New("it holds no key"))
	}
	return keys, nil
}

// readArmoured reads all blocks of keys of a text.
func readArmoured(text []byte) (keys openpgp.EntityList, err error) {
	for len(text) > 0 {
		// The decoder reads beyond its block, so that each gets its own text.
		end := len(text)
		if at := bytes.Index(text[1:], armoured); at >= 0 {
			end = at + 1
		}
		block, err := armor.Decode(bytes.NewReader(text[:end]))
		text = text[end:]
		if errors.Is(err, io.EOF) {
			continue // what stands before the first
		}
		if err != nil {
			return nil, fmt.Errorf("its armour is damaged: %w", err)
		}
		if block.Type != openpgp.PublicKeyType {
			return nil, fmt.Errorf("it holds a %s, and no public key", block.Type)
		}
		more, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return nil, fmt.Errorf("its armour is damaged, or holds no key: %w", err)
		}
		keys = append(keys, more...)
	}
	return keys, nil
}
