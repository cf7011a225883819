package vmimage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/vmimage/bzimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/modules"
)

// imageSource is a kernel that the user has built.
type imageSource struct{}

func init() { register(imageSource{}) }

// Kind describes it.
func (imageSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "image",
		Doc:  "a kernel that you have: a bzImage, or a vmlinux with a PVH entry point",
		Fields: []matrix.SourceField{
			{Name: "image", Doc: "its path, from the directory of kernels.yaml", Required: true, Example: "../linux/arch/x86/boot/bzImage"},
			{Name: "modules", Doc: "the directory lib/modules/RELEASE of its modules, unless all that the guest needs is built in", Example: "../out/lib/modules/6.12.0"},
		},
	}
}

// Find takes the file as it is. One that is no kernel is the source's fault.
func (s imageSource) Find(ctx context.Context, env *Env, k matrix.Kernel) (found, error) {
	path := env.path(k.Source.Fields["image"])
	sum, err := cache.Digest(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return found{}, &UnavailableError{err}
	}
	if err != nil {
		return found{}, err
	}
	return found{trust: matrix.TrustLocal, image: func(ctx context.Context) (matrix.Image, error) { return s.image(ctx, env, k, path, sum) }}, nil
}

// image unpacks the kernel.
func (imageSource) image(ctx context.Context, env *Env, k matrix.Kernel, path, sum string) (matrix.Image, error) {
	dir, err := env.Cache.Entry(ctx, cache.Key(KindImage, "image 1", sum), func(ctx context.Context, dir string) error {
		return prepareImage(ctx, path, dir)
	})
	var not *bzimage.NotKernelError
	if errors.As(err, &not) {
		return matrix.Image{}, &UnavailableError{err}
	}
	if err != nil {
		return matrix.Image{}, err
	}
	img, err := open(dir)
	if err != nil {
		return img, err
	}
	img.Kernel, img.Version, img.Origin = k.Name, img.Release, path
	if m := k.Source.Fields["modules"]; m != "" {
		img.Modules = env.path(m)
		if err := addModules(ctx, &img); err != nil {
			return img, unavailable("its modules: %w", err)
		}
	}
	return img, nil
}

// addModules makes the modules that the guest takes part of the image's
// digest: the user may build them anew under the same name.
func addModules(ctx context.Context, img *matrix.Image) error {
	s, err := modules.Select(ctx, img.Modules, allModules())
	if err != nil {
		return err
	}
	h := sha256.New()
	fmt.Fprintln(h, img.Digest)
	for _, m := range s.Modules {
		h.Write(m.Data) // documented to return no error
	}
	img.Digest = fmt.Sprintf("sha256:%x", h.Sum(nil))
	return nil
}

// prepareImage takes an ELF kernel as it is, and a bzImage apart.
func prepareImage(ctx context.Context, path, dir string) error {
	if pvh, err := bzimage.HasPVH(path); err == nil {
		if !pvh {
			return &bzimage.NotKernelError{Path: path, Reason: "it is a vmlinux without a PVH entry point (CONFIG_PVH): give the bzImage"}
		}
		if err := copyFile(path, filepath.Join(dir, fileVmlinux)); err != nil {
			return err
		}
		return describe(dir, facts{PVH: true})
	}
	f, err := boot(ctx, path, dir)
	if err != nil {
		return err
	}
	return describe(dir, f)
}
