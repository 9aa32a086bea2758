package impls

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Find returns the implementations that the patterns name, sorted by folder, the variants of a folder in the
// order of its manifest. The patterns are those of the go tool:
//
//	./impls/gnet          that folder, all its variants
//	./impls/...           every folder below impls, and impls itself
//	./impls/net...        wildcards match any text, slashes too
//	/home/me/server       anywhere else, no matter where the module is
//	./impls/gnet/edge     one variant: it is addressed like a folder below
//
// Without a pattern the working directory is meant. As with the go tool, folders called testdata or beginning with
// _ or . are passed over by wildcards. Unlike there, a folder with a go.mod of its own is not: a newcomer may
// bring one and so keep his dependencies out of ours. A pattern that matches nothing is an error.
func Find(patterns ...string) ([]Impl, error) {
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	var found []Impl
	for _, text := range patterns {
		matched, err := matchPattern(text)
		if err != nil {
			return nil, err
		}
		for _, im := range matched {
			if !slices.ContainsFunc(found, im.is) {
				found = append(found, im)
			}
		}
	}
	return inOrder(found)
}

// is reports whether two name the same variant of the same folder.
func (im Impl) is(other Impl) bool { return im.Dir == other.Dir && im.Name == other.Name }

// inOrder sorts by folder and puts the variants back into the manifest's order where several patterns took
// them one by one. Two folders of one name are refused: their records could not be told apart.
func inOrder(found []Impl) ([]Impl, error) {
	slices.SortStableFunc(found, func(a, b Impl) int {
		return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.place, b.place))
	})
	dirs := make(map[string]string)
	for _, im := range found {
		if other, ok := dirs[im.Folder]; ok && other != im.Dir {
			return nil, fmt.Errorf("%s and %s are both called %s, so their results could not be told apart: rename one, or run them one at a time",
				shortPath(other), shortPath(im.Dir), im.Folder)
		}
		dirs[im.Folder] = im.Dir
	}
	return found, nil
}

// matchPattern returns what one pattern names, and an error with the way out when that is nothing.
func matchPattern(text string) ([]Impl, error) {
	path, err := filepath.Abs(text)
	if err != nil {
		return nil, err
	}
	folders, err := candidates(path)
	if err != nil {
		return nil, err
	}
	matches := pathMatcher(path)
	var found []Impl
	for _, dir := range folders {
		variants, err := readManifest(dir)
		if err != nil {
			return nil, err
		}
		for _, im := range variants {
			if matches(dir) || matches(filepath.Join(filepath.Dir(dir), filepath.FromSlash(im.Name))) {
				found = append(found, im)
			}
		}
	}
	if len(found) == 0 {
		return nil, nothingMatched(text, path)
	}
	return found, nil
}

// candidates are the folders with a manifest that the pattern can mean: for a plain path the folder itself and,
// as the last element may be a variant, the one above; for a wildcard everything below its fixed part.
func candidates(path string) ([]string, error) {
	wild := strings.Index(path, "...")
	if wild < 0 {
		return slices.DeleteFunc([]string{path, filepath.Dir(path)}, func(dir string) bool { return !holdsManifest(dir) }), nil
	}
	root := filepath.Dir(path[:wild] + "x") // the x keeps Dir from eating the last fixed element
	if above := filepath.Dir(root); !isFolder(root) {
		return slices.DeleteFunc([]string{above}, func(dir string) bool { return !holdsManifest(dir) }), nil
	}
	return foldersBelow(root)
}

// foldersBelow walks root as the go tool walks packages.
func foldersBelow(root string) ([]string, error) {
	var folders []string
	root += string(filepath.Separator) // follows root itself where it is a symbolic link
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		path = filepath.Clean(path)
		if passedOver(filepath.Base(path)) {
			return filepath.SkipDir
		}
		if holdsManifest(path) {
			folders = append(folders, path)
		}
		return nil
	})
	return folders, err
}

func passedOver(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".")
}

// pathMatcher turns a pattern into a predicate: "..." matches any text, and "/..." at the end nothing as well.
func pathMatcher(pattern string) func(path string) bool {
	expression := regexp.QuoteMeta(filepath.ToSlash(pattern))
	if short, ok := strings.CutSuffix(expression, `/\.\.\.`); ok {
		expression = short + `(/.*)?`
	}
	expression = strings.ReplaceAll(expression, `\.\.\.`, `.*`)
	compiled := regexp.MustCompile(`(?s)^` + expression + `$`)
	return func(path string) bool { return compiled.MatchString(filepath.ToSlash(path)) }
}

// nothingMatched says what to do instead.
func nothingMatched(text, path string) error {
	if strings.Contains(path, "...") {
		return fmt.Errorf("%s matches no implementation: no folder there holds an %s", text, manifestName)
	}
	if isFolder(path) {
		return fmt.Errorf("%s is no implementation: it holds no %s (impls/README.md shows one), but %s/... would mean the folders below",
			text, manifestName, strings.TrimSuffix(text, "/"))
	}
	if siblings, err := readManifest(filepath.Dir(path)); err == nil {
		var names []string
		for _, im := range siblings {
			names = append(names, im.Name)
		}
		return fmt.Errorf("%s matches nothing: there is no such variant; there are %s", text, strings.Join(names, ", "))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s matches nothing: there is no such folder (./impls/... means all of them)", text)
}

func holdsManifest(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, manifestName))
	return err == nil && info.Mode().IsRegular()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
