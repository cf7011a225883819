package vmimage

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
)

// releases is a server of tarballs, as kernel.org is one.
type releases struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string][]byte
	asked []string
}

const (
	tarballName = "linux-6.12.tar.xz"
	releaseDir  = "/pub/v6.x/"
)

func newReleases(t *testing.T) *releases {
	t.Helper()
	r := &releases{files: map[string][]byte{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		text, ok := r.files[req.URL.Path]
		if req.Method == http.MethodGet {
			r.asked = append(r.asked, filepath.Base(req.URL.Path))
		}
		r.mu.Unlock()
		if !ok {
			http.NotFound(w, req)
			return
		}
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(text))
	}))
	t.Cleanup(r.Close)
	return r
}

// put has the server have a file.
func (r *releases) put(name string, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[releaseDir+name] = text
}

func (r *releases) url() string { return r.URL + releaseDir + tarballName }

// release puts a tarball that passes for Linux, and returns it with its digest.
func (r *releases) release(t *testing.T) (text []byte, sum string) {
	t.Helper()
	file := sourcetest.Tarball(t, sourcetest.Tree(t))
	text, err := os.ReadFile(file)
	if err == nil {
		sum, err = cache.Digest(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.put(tarballName, text)
	return text, sum
}

func pgpKey(t *testing.T, config *packet.Config) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity("autosigner", "", "autosigner@example.invalid", config)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signList makes a signed list of digests, as kernel.org has them.
func signList(t *testing.T, key *openpgp.Entity, list string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, key.PrivateKey, nil)
	if err == nil {
		_, err = w.Write([]byte(list))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// writeKeyring writes a key into the directory of kernels.yaml.
func writeKeyring(t *testing.T, env *Env, key *openpgp.Entity, inArmour bool) {
	t.Helper()
	var b, out bytes.Buffer
	if err := key.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	out = b
	if inArmour {
		out = bytes.Buffer{}
		w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
		if err == nil {
			_, err = w.Write(b.Bytes())
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(env.Dir, "keys.gpg"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tarballKernel(where string, more ...string) matrix.Kernel {
	k := buildable("tarball", where)
	for i := 0; i < len(more); i += 2 {
		k.Source.Fields[more[i]] = more[i+1]
	}
	return k
}

func other(sum string) string { return strings.Repeat("a", len(sum)) }

// otherLines are of a list that has much else.
const otherLines = "1111111111111111111111111111111111111111111111111111111111111111  ChangeLog-6.12\n" +
	"2222222222222222222222222222222222222222222222222222222222222222  linux-6.12.tar.gz\n" +
	"3333333333333333333333333333333333333333333333333333333333333333  linux-6.12.1.tar.xz\n"

// TestASignedListVouches takes the digest from the list beside the tarball, once:
// then the lock has it.
func TestASignedListVouches(t *testing.T) {
	key := pgpKey(t, nil)
	for _, inArmour := range []bool{false, true} {
		for _, both := range []bool{false, true} {
			r := newReleases(t)
			_, sum := r.release(t)
			r.put("sha256sums.asc", signList(t, key, otherLines+sum+"  "+tarballName+"\n"))
			env := newEnv(t)
			env.Builds = []matrix.Build{build.Default}
			writeKeyring(t, env, key, inArmour)
			k := tarballKernel(r.url(), "keyring", "keys.gpg")
			if both {
				k.Source.Fields["sha256"] = sum
			}
			st, err := Look(t.Context(), env, k, Guest{})
			if err != nil || st.Status != Resolvable || st.Trust != matrix.TrustSigned {
				t.Errorf("looking at it: %+v, %v", st, err)
			}
			if err := FetchSource(t.Context(), env, k); err != nil {
				t.Fatal(err)
			}
			e, ok := env.Lock.Get("k", k.Source.Fields)
			if !ok || e.Trust != matrix.TrustSigned || !strings.HasSuffix(e.SignedBy, strings.ToUpper(key.PrimaryKey.KeyIdString())) || e.Files[0].SHA256 != sum {
				t.Errorf("the lock has %+v, %v", e, ok)
			}
			// From now on without the list.
			asked := len(r.asked)
			env.Offline, env.Locked = true, true
			if err := FetchSource(t.Context(), env, k); err != nil || len(r.asked) != asked {
				t.Errorf("offline: %v, asked for %q", err, r.asked)
			}
		}
	}
}

// TestWhatNoListVouchesForIsRefused damages each part of the way from the key to the
// tarball. Nothing is fetched then but the list, and nothing recorded.
func TestWhatNoListVouchesForIsRefused(t *testing.T) {
	key, stranger := pgpKey(t, nil), pgpKey(t, nil)
	expired := pgpKey(t, &packet.Config{Time: func() time.Time { return time.Now().Add(-48 * time.Hour) }, KeyLifetimeSecs: 3600})
	for name, test := range map[string]struct {
		damage func(t *testing.T, r *releases, env *Env, k *matrix.Kernel, list string)
		want   string
		// fetched tells that the tarball is.
		fetched bool
	}{
		"no entry": {func(t *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			r.put("sha256sums.asc", signList(t, key, otherLines))
		}, "it has no digest for linux-6.12.tar.xz; it has one for linux-6.12.tar.gz", false},
		"two entries": {func(t *testing.T, r *releases, _ *Env, _ *matrix.Kernel, list string) {
			r.put("sha256sums.asc", signList(t, key, list+strings.Repeat("b", 64)+"  "+tarballName+"\n"))
		}, "it has two digests for linux-6.12.tar.xz", false},
		"list changed": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			r.put("sha256sums.asc", bytes.Replace(r.files[releaseDir+"sha256sums.asc"], []byte("1111"), []byte("1112"), 1))
		}, "is not to be trusted: it has no valid signature of a key in", false},
		"list not signed": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, list string) {
			r.put("sha256sums.asc", []byte(list))
		}, "it is not signed", false},
		"list is a web page": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			r.put("sha256sums.asc", []byte("<html>Log in</html>"))
		}, "it is not signed; what came is a web page", false},
		"unknown key": {func(t *testing.T, r *releases, _ *Env, _ *matrix.Kernel, list string) {
			r.put("sha256sums.asc", signList(t, stranger, list))
		}, "has made it, and the keyring has", false},
		"expired key": {func(t *testing.T, r *releases, env *Env, _ *matrix.Kernel, list string) {
			writeKeyring(t, env, expired, false)
			r.put("sha256sums.asc", signList(t, expired, list))
		}, "has expired: the keyring may be too old", false},
		"no keyring": {func(_ *testing.T, _ *releases, _ *Env, k *matrix.Kernel, _ string) {
			k.Source.Fields["keyring"] = "none.gpg"
		}, "KEY is autosigner@kernel.org", false},
		"no keyring's": {func(t *testing.T, _ *releases, env *Env, _ *matrix.Kernel, _ string) {
			if err := os.WriteFile(filepath.Join(env.Dir, "keys.gpg"), []byte("text"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "holds no keys of OpenPGP", false},
		"no list": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			delete(r.files, releaseDir+"sha256sums.asc")
		}, "keyring: needs the signed list of digests beside the tarball: sha256sums.asc of ", false},
		"no server": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			r.Close()
		}, "is not reached from here", false},
		"offline": {func(_ *testing.T, _ *releases, env *Env, _ *matrix.Kernel, _ string) {
			env.Offline = true
		}, "sha256sums.asc is not in the cache, and --offline", false},
		"locked": {func(_ *testing.T, _ *releases, env *Env, _ *matrix.Kernel, _ string) {
			env.Locked = true
		}, "--locked keeps from making one", false},
		"sha256 and list differ": {func(_ *testing.T, _ *releases, _ *Env, k *matrix.Kernel, _ string) {
			k.Source.Fields["sha256"] = strings.Repeat("a", 64)
		}, "do not agree on linux-6.12.tar.xz", false},
		"the tarball is another": {func(_ *testing.T, r *releases, _ *Env, _ *matrix.Kernel, _ string) {
			r.put(tarballName, append(bytes.Clone(r.files[releaseDir+tarballName]), 0))
		}, "its sha256 is", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReleases(t)
			_, sum := r.release(t)
			list := otherLines + sum + "  " + tarballName + "\n"
			r.put("sha256sums.asc", signList(t, key, list))
			env := newEnv(t)
			env.Builds = []matrix.Build{build.Default}
			writeKeyring(t, env, key, false)
			k := tarballKernel(r.url(), "keyring", "keys.gpg")
			test.damage(t, r, env, &k, list)
			for _, get := range []func(context.Context, *Env, matrix.Kernel) error{
				FetchSource,
				func(ctx context.Context, env *Env, k matrix.Kernel) error { _, err := Fetch(ctx, env, k); return err },
			} {
				err := get(t.Context(), env, k)
				var bad *fault.UnavailableError
				if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want …%s…", err, test.want)
				}
			}
			if fetched := strings.Contains(strings.Join(r.asked, " "), tarballName); fetched != test.fetched {
				t.Errorf("asked for %q", r.asked)
			}
			if _, ok := env.Lock.Get("k", k.Source.Fields); ok != test.fetched {
				t.Error("it is recorded")
			}
			if left, err := filepath.Glob(filepath.Join(env.Cache.Dir, "trees", "*")); err != nil || len(left) > 0 {
				t.Errorf("the cache holds %v (%v)", left, err)
			}
		})
	}
}

// TestAListBesideALocalTarball is read as that of a server is.
func TestAListBesideALocalTarball(t *testing.T) {
	key := pgpKey(t, nil)
	file := sourcetest.Tarball(t, sourcetest.Tree(t))
	sum, err := cache.Digest(file)
	if err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{sum + " *" + tarballName + "\n": "", other(sum) + "  " + tarballName + "\n": "says " + other(sum), "": "there is no " + filepath.Join(filepath.Dir(file), "sha256sums.asc")} {
		env := newEnv(t)
		writeKeyring(t, env, key, false)
		at := filepath.Join(filepath.Dir(file), "sha256sums.asc")
		os.Remove(at)
		if list != "" {
			if err := os.WriteFile(at, signList(t, key, list), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := FetchSource(t.Context(), env, tarballKernel(file, "keyring", "keys.gpg"))
		var bad *fault.UnavailableError
		if want == "" && err != nil || want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), want)) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestFirstUse fetches what nobody vouches for: it is said, recorded and held to,
// unless it is no kernel of the name's version.
func TestFirstUse(t *testing.T) {
	r := newReleases(t)
	text, sum := r.release(t)
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	var said []string
	env.Log = func(line string) { said = append(said, line) }
	k := tarballKernel(r.url())
	if err := FetchSource(t.Context(), env, k); err != nil {
		t.Fatal(err)
	}
	e, ok := env.Lock.Get("k", k.Source.Fields)
	if !ok || e.Trust != matrix.TrustFirstUse || e.Files[0].SHA256 != sum || len(said) != 1 || !strings.Contains(said[0], "nobody vouches for linux-6.12.tar.xz") || !strings.Contains(said[0], sum) {
		t.Errorf("the lock has %+v; said %q", e, said)
	}
	if st, err := Look(t.Context(), env, k, Guest{}); err != nil || st.Trust != matrix.TrustFirstUse {
		t.Errorf("looking at it: %+v, %v", st, err)
	}
	r.put(tarballName, append(text, 0))
	for _, kind := range []string{"tarballs", "trees"} {
		if err := os.RemoveAll(filepath.Join(env.Cache.Dir, kind)); err != nil {
			t.Fatal(err)
		}
	}
	if err := FetchSource(t.Context(), env, k); err == nil || !strings.Contains(err.Error(), "its sha256 is") || !strings.Contains(err.Error(), "kernels lock --update k trusts what is there now") {
		t.Errorf("another file gave %v", err)
	}
}

// TestWhatIsNoTarballIsNotTrusted serves what is none under a tarball's name.
func TestWhatIsNoTarballIsNotTrusted(t *testing.T) {
	text, err := os.ReadFile(sourcetest.Tarball(t, sourcetest.Tree(t)))
	if err != nil {
		t.Fatal(err)
	}
	stranger := t.TempDir()
	if err := os.WriteFile(filepath.Join(stranger, "README"), []byte("no kernel"), 0o644); err != nil {
		t.Fatal(err)
	}
	noKernel, err := os.ReadFile(sourcetest.Tarball(t, stranger))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(text)
	for i := len(text) / 3; i < len(text)/2; i++ {
		damaged[i] ^= 0xff
	}
	for name, test := range map[string]struct {
		text []byte
		name string
		want string
	}{
		"a web page":      {[]byte("<!DOCTYPE html><html><body>Sign in to the network"), tarballName, "is no tarball: it is a web page"},
		"a text":          {[]byte("not here\n"), tarballName, `is no tarball: it is a text that begins with "not here"`},
		"nothing":         {nil, tarballName, "is no tarball: it is an empty file"},
		"cut":             {text[:len(text)-20], tarballName, "does not unpack: it is cut, its end is missing"},
		"damaged":         {damaged, tarballName, "does not unpack: it is damaged"},
		"another version": {text, "linux-6.11.4.tar.xz", "linux-6.11.4.tar.xz holds Linux 6.12, and not 6.11.4 as its name says"},
		"no kernel":       {noKernel, tarballName, "is no source tree of Linux"},
		"not there":       {nil, "linux-6.99.tar.xz", "the server does not have it; what it has is listed at "},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReleases(t)
			if name != "not there" {
				r.put(test.name, test.text)
			}
			env := newEnv(t)
			k := tarballKernel(r.URL + releaseDir + test.name)
			err := FetchSource(t.Context(), env, k)
			var bad *fault.UnavailableError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want …%s…", err, test.want)
			}
			if _, ok := env.Lock.Get("k", k.Source.Fields); ok {
				t.Error("it is recorded")
			}
			if left, err := filepath.Glob(filepath.Join(env.Cache.Dir, "tarballs", "*", "*")); err != nil || len(left) > 0 {
				t.Errorf("the cache holds %v (%v)", left, err)
			}
		})
	}
}
