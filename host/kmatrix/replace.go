package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage/build"
)

// replaceSources takes NAME=PATH out of the values of -k and gives the kernel
// of that name the tree, tarball or image at PATH for its source. It returns
// the names that select: those of the values that are left and, beside them,
// the replaced ones; none when every value replaces.
func replaceSources(s *spec.Spec, values []string) ([]string, error) {
	var selected, replaced []string
	for _, v := range values {
		name, path, ok := strings.Cut(v, "=")
		if !ok {
			selected = append(selected, v)
			continue
		}
		i := slices.IndexFunc(s.Kernels, func(k matrix.Kernel) bool { return k.Name == name })
		if i < 0 {
			return nil, wrong("-k %s: %s has no kernel %q to replace", v, s.Path, name)
		}
		source, err := sourceAt(path)
		if err != nil {
			return nil, wrong("-k %s: %w", v, err)
		}
		replaced = append(replaced, name)
		k := &s.Kernels[i]
		k.Source = source
		switch {
		case source.Kind == "image":
			k.Build = ""
		case k.Build == "":
			k.Build = build.Default.Name
		}
	}
	if len(selected) > 0 {
		selected = append(selected, replaced...)
	}
	return selected, nil
}

// sourceAt tells what lies at a path: a directory is a tree, a file named as
// archives are a tarball, any other an image.
func sourceAt(path string) (matrix.Source, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return matrix.Source{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return matrix.Source{}, err
	}
	kind := "image"
	switch {
	case info.IsDir():
		kind = "tree"
	case strings.Contains(filepath.Base(path), ".tar"):
		kind = "tarball"
	}
	return matrix.Source{Kind: kind, Fields: map[string]string{kind: path}}, nil
}
