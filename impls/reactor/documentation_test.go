package reactor

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// Every exported name has a sentence of its own, or stands in a group that has one: `go doc` has to teach.
func TestEveryNameIsDocumented(t *testing.T) {
	for _, folder := range []string{".", "backend", "backend/simulated", "evbuffer"} {
		for _, name := range undocumented(t, folder) {
			t.Errorf("%s: %s has no comment", folder, name)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n\nfunc Bare() {}\n\n// T is told.\ntype T int\n\nfunc (T) M() {}\nfunc (t *u) M() {}\n\n"+
		"const (\n\tA = 1 // told\n\tB = 2\n)\n", parser.ParseComments)
	check(t, err)
	same(t, "found in a small file", silent(file), []string{"Bare", "M", "B"})
}

// undocumented are the exported names of a folder's package that have no comment.
func undocumented(t *testing.T, folder string) (names []string) {
	entries, err := os.ReadDir(folder)
	check(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), folder+"/"+entry.Name(), nil, parser.ParseComments)
		check(t, err)
		names = append(names, silent(file)...)
	}
	return names
}

// silent are the exported names of a file without a comment.
func silent(file *ast.File) (names []string) {
	note := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		for _, comment := range comments {
			if comment != nil {
				return
			}
		}
		if name.IsExported() {
			names = append(names, name.Name)
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d)) {
				note(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					note(s.Name, d.Doc, s.Doc)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						note(name, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return names
}

// receiver is the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
