package omnilive_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// The house limits (ARCHITECTURE.md says why). An exception is one line in the table of its rule, with the reason.
const (
	fileLimit     = 500 // lines
	functionLimit = 80  // lines
	fieldLimit    = 15  // fields of a struct
)

// goroutines are the only places outside tests that say `go`, as file:function, with who waits for them. sync.WaitGroup.Go
// and errgroup need no line here: they are waited for by construction.
var goroutines = map[string]string{
	"server/server.go:Server.Run": "Run itself, on done",
	"streaming/turn.go:begin":     "converse, on turn.done, before the next turn begins",
}

// longFunctions may be longer than the limit: straight stories only.
var longFunctions = map[string]string{}

// wideStructs may have more fields than the limit.
var wideStructs = map[string]string{
	"signaling/wiresession.go:wireSession": "the fields are those of the wire",
}

// panics are broken promises of the programmer, never of input.
var panics = map[string]string{}

func TestFileLength(t *testing.T) {
	for _, s := range sources(t) {
		if n := strings.Count(s.text, "\n"); n > fileLimit {
			t.Errorf("%s: %d lines, at most %d", s.path, n, fileLimit)
		}
	}
}

func TestFunctionLength(t *testing.T) {
	used := map[string]bool{}
	eachFunction(t, func(s source, f *ast.FuncDecl) {
		key := s.path + ":" + funcName(f)
		if n := s.lines(f); n > functionLimit && !excused(longFunctions, used, key) {
			t.Errorf("%s: %s has %d lines, at most %d", s.at(f), funcName(f), n, functionLimit)
		}
	})
	stale(t, longFunctions, used)
}

func TestStructWidth(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			if n := st.Fields.NumFields(); n > fieldLimit && !excused(wideStructs, used, s.path+":"+spec.Name.Name) {
				t.Errorf("%s: struct %s has %d fields, at most %d", s.at(spec), spec.Name.Name, n, fieldLimit)
			}
			return true
		})
	}
	stale(t, wideStructs, used)
}

func TestGoroutinesHaveOwners(t *testing.T) {
	used := map[string]bool{}
	eachFunction(t, func(s source, f *ast.FuncDecl) {
		ast.Inspect(f, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok && !excused(goroutines, used, s.path+":"+funcName(f)) {
				t.Errorf("%s: a goroutine in %s:%s that no owner waits for (use sync.WaitGroup.Go or errgroup, or name its owner in house_test.go)",
					s.at(g), s.path, funcName(f))
			}
			return true
		})
	})
	stale(t, goroutines, used)
}

func TestNoInitAndNoPanic(t *testing.T) {
	used := map[string]bool{}
	eachFunction(t, func(s source, f *ast.FuncDecl) {
		if f.Recv == nil && f.Name.Name == "init" {
			t.Errorf("%s: no init functions", s.at(f))
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" && !excused(panics, used, s.path+":"+funcName(f)) {
				t.Errorf("%s: %s panics: return an error", s.at(n), funcName(f))
			}
			return true
		})
	})
	stale(t, panics, used)
}

func TestExportedIsDocumented(t *testing.T) {
	documented := map[string]bool{} // folders with a package comment
	folders := map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		folders[s.dir] = s.path
		if s.ast.Doc != nil {
			documented[s.dir] = true
		}
		for _, d := range s.ast.Decls {
			for _, name := range undocumented(s, d) {
				t.Errorf("%s: %s has no comment", s.at(d), name)
			}
		}
	}
	for dir, file := range folders {
		if !documented[dir] {
			t.Errorf("%s: package of folder %s has no comment", file, dir)
		}
	}
}

// undocumented lists what d exports without a comment that names it.
func undocumented(s source, d ast.Decl) (names []string) {
	if s.ast.Name.Name == "main" {
		return nil
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if ast.IsExported(d.Name.Name) && exportedReceiver(d) && d.Doc == nil {
			names = append(names, funcName(d))
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
	}
	return names
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) (names []string) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if ast.IsExported(spec.Name.Name) && d.Doc == nil && spec.Doc == nil {
			names = append(names, spec.Name.Name)
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil && d.Tok != token.IMPORT {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// exportedReceiver reports whether a method belongs to a type that others see; true for a function.
func exportedReceiver(f *ast.FuncDecl) bool {
	receiver, _, method := strings.Cut(funcName(f), ".")
	return !method || ast.IsExported(receiver)
}

// eachFunction visits every function outside tests.
func eachFunction(t *testing.T, visit func(source, *ast.FuncDecl)) {
	t.Helper()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				visit(s, f)
			}
		}
	}
}

// excused reports whether a table has a line for key, and remembers that it was needed.
func excused(table map[string]string, used map[string]bool, key string) bool {
	_, ok := table[key]
	used[key] = used[key] || ok
	return ok
}

// stale fails for lines of a table that excuse nothing any more.
func stale(t *testing.T, table map[string]string, used map[string]bool) {
	t.Helper()
	for key, why := range table {
		if !used[key] {
			t.Errorf("house_test.go: %s (%s) excuses nothing: take it out", key, why)
		}
	}
}
