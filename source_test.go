package omnilive_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// A source is one Go file of the module.
type source struct {
	path string // with slashes, from the module's root
	dir  string // the same of its folder; "." for the root
	test bool
	fset *token.FileSet
	ast  *ast.File
	text string
}

// sources parses every Go file of the module, whatever its build tags, less what other modules and tools put here.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch name := d.Name(); {
			case p == ".":
				return nil
			case strings.HasPrefix(name, "."), strings.HasPrefix(name, "zz_"), name == "node_modules", name == "testdata", name == "tools":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(p), test: strings.HasSuffix(p, "_test.go"), fset: token.NewFileSet(), text: string(text)}
		s.dir = path.Dir(s.path)
		s.ast, err = parser.ParseFile(s.fset, p, text, parser.ParseComments)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d Go files found: the walk is wrong", len(out))
	}
	return out
}

// imports lists what the file imports.
func (s source) imports() []string {
	var out []string
	for _, i := range s.ast.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

// at is where n stands, for messages.
func (s source) at(n ast.Node) string {
	return s.fset.Position(n.Pos()).String()
}

// lines is how many lines n takes.
func (s source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// funcName is the name of a function as the tables of these tests have it: Receiver.Name or Name.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}
