package impls

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Digest names what the program does and how it is run: two programs of one digest can differ in nothing that a measurement
// of them would show. It is a SHA-256 of the code and data that are loaded into memory, of the arguments and of the environment.
//
// Left out is what only describes: the line numbers that a stack trace prints and the identity of the build. So a change of a
// comment, which moves lines, leaves the digest as it was.
func (p *Program) Digest() (string, error) {
	if len(p.argv) == 0 {
		return "", fmt.Errorf("%s: no command line to run", p.Impl.Name)
	}
	path := p.argv[0]
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	sum := sha256.New()
	if err := addProgram(sum, path); err != nil {
		return "", fmt.Errorf("%s: %w", p.Impl.Name, err)
	}
	for _, word := range slices.Concat(p.argv[1:], p.Impl.Args, []string{"env"}, p.Impl.Env) {
		fmt.Fprintf(sum, "%q", word)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// descriptions are the loaded sections that no instruction of the program's work depends on: the table of line numbers, the
// places of its parts, and the identity of the build.
var descriptions = []string{".gopclntab", ".go.module", ".dynamic", ".note.go.buildid", ".note.gnu.build-id"}

// addProgram adds the loaded sections of an ELF file, and the whole of any other.
func addProgram(sum hash.Hash, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	program, err := elf.NewFile(file)
	if err != nil { // a script, or another system's program
		_, err = io.Copy(sum, file)
		return err
	}
	for _, section := range program.Sections {
		if section.Flags&elf.SHF_ALLOC == 0 || slices.Contains(descriptions, section.Name) {
			continue
		}
		fmt.Fprintf(sum, "%q %d", section.Name, section.Size)
		if section.Type == elf.SHT_NOBITS {
			continue
		}
		if _, err := io.Copy(sum, section.Open()); err != nil {
			return err
		}
	}
	return nil
}
