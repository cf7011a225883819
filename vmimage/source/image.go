package source

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
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
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

// Resolve takes the file as it is. One that is no kernel is the source's fault.
func (imageSource) Resolve(_ context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	path := env.Path(k.Source.Fields["image"])
	sum, err := cache.Digest(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return Recipe{}, &fault.UnavailableError{Err: err}
	}
	if err != nil {
		return Recipe{}, err
	}
	image := &Image{Origin: path, Entry: cache.Item{Key: cache.Key(KindImage, "image 1", sum), Fill: func(ctx context.Context, dir string) error {
		err := prepareImage(ctx, path, dir)
		var not *bzimage.NotKernelError
		if errors.As(err, &not) {
			return &fault.UnavailableError{Err: err}
		}
		return err
	}}}
	if m := k.Source.Fields["modules"]; m != "" {
		image.Finish = func(ctx context.Context, img *matrix.Image) error {
			img.Modules = env.Path(m)
			if err := addModules(ctx, img); err != nil {
				return fault.Unavailable("its modules: %w", err)
			}
			return nil
		}
	}
	return Recipe{Trust: matrix.TrustLocal, Image: image}, nil
}

// addModules makes the modules that the guest takes part of the image's
// digest: the user may build them anew under the same name.
func addModules(ctx context.Context, img *matrix.Image) error {
	s, err := modules.Select(ctx, img.Modules, modules.Guest())
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
		if err := imagedir.CopyFile(path, filepath.Join(dir, imagedir.FileVmlinux)); err != nil {
			return err
		}
		return imagedir.Describe(dir, imagedir.Facts{PVH: true})
	}
	f, err := imagedir.Boot(ctx, path, dir)
	if err != nil {
		return err
	}
	return imagedir.Describe(dir, f)
}
