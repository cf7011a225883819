// Package signed reads texts that are signed in the clear with OpenPGP, as
// Debian's InRelease and kernel.org's sha256sums.asc are.
//
// What it returns is what a key of the keyring has signed, and nothing that
// stands around it in the file. Keys that have expired or were revoked, and
// signatures over weak digests (MD5, SHA-1), count for nothing.
package signed

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Error tells that a text has no valid signature of a key in the keyring.
type Error struct {
	// Keyring is the file.
	Keyring string
	Err     error
}

// Error names the keyring and the cause.
func (e *Error) Error() string {
	return fmt.Sprintf("it has no valid signature of a key in %s: %v", e.Keyring, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// strong are the digests that a signature may be over.
var strong = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}

// Text returns what a clear-signed text says, and the fingerprint of the key
// that has signed it, in hex. keyring is the path of a file of public keys. The
// error is an [*Error] when the signature does not hold, and a [*KeyringError]
// when the file is no keyring.
func Text(keyring string, text []byte) (says []byte, signer string, err error) {
	keys, err := readKeyring(keyring)
	if err != nil {
		return nil, "", err
	}
	refused := func(err error) ([]byte, string, error) { return nil, "", &Error{Keyring: keyring, Err: err} }
	block, _ := clearsign.Decode(text)
	if block == nil {
		return refused(errors.New("it is not signed"))
	}
	signature, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return refused(fmt.Errorf("its signature is damaged: %w", err))
	}
	_, key, err := openpgp.VerifyDetachedSignatureAndHash(keys, bytes.NewReader(block.Bytes), bytes.NewReader(signature), strong, nil)
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return refused(fmt.Errorf("%s has made it, and the keyring has %s", strings.Join(issuers(signature), ", "), strings.Join(names(keys), ", ")))
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return refused(fmt.Errorf("its key %s has expired: the keyring may be too old", name(key)))
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return refused(fmt.Errorf("its key %s was revoked", name(key)))
	case errors.Is(err, pgperrors.ErrSignatureExpired):
		return refused(errors.New("its signature has expired"))
	case errors.As(err, new(pgperrors.SignatureError)):
		return refused(errors.New("the text is not what was signed"))
	case err != nil:
		return refused(fmt.Errorf("its signature cannot be checked: %w", err))
	}
	return block.Plaintext, fmt.Sprintf("%X", key.PrimaryKey.Fingerprint), nil
}

// issuers names the keys that have made signatures.
func issuers(signatures []byte) []string {
	var list []string
	for packets := packet.NewReader(bytes.NewReader(signatures)); ; {
		p, err := packets.Next()
		if err != nil {
			break // it was read before, and what could be read then is listed
		}
		if s, ok := p.(*packet.Signature); ok && s.IssuerKeyId != nil {
			list = append(list, fmt.Sprintf("the key %016X", *s.IssuerKeyId))
		}
	}
	if len(list) == 0 {
		return []string{"an unnamed key"}
	}
	return list
}

// mostNamed is how many keys of a keyring are named.
const mostNamed = 4

// names names the keys of a keyring.
func names(keys openpgp.EntityList) []string {
	var list []string
	for _, k := range keys[:min(len(keys), mostNamed)] {
		list = append(list, name(k))
	}
	if n := len(keys) - mostNamed; n > 0 {
		list = append(list, fmt.Sprintf("%d more", n))
	}
	return list
}

// name names a key by its ID, and by whose it is.
func name(key *openpgp.Entity) string {
	text := fmt.Sprintf("%016X", key.PrimaryKey.KeyId)
	if id := key.PrimaryIdentity(); id != nil {
		text += " (" + id.Name + ")"
	}
	return text
}
