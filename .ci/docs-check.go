//go:build ignore

// Command docs-check holds the repository to what its prose promises. It reads the names of the files to look at from
// standard input, prints every breach as file:line, and fails if there is one:
//
//   - a test, benchmark, example or fuzz target named in a comment or in a Markdown file exists;
//   - a relative link in a Markdown file leads to a file;
//   - README.md is short enough to be read;
//   - every exported name of the root package is documented;
//   - nothing is marked as left for later;
//   - a test waits for an event, never for a time, unless the time is that of a testing/synctest bubble;
//   - a package with tests looks for leaked goroutines when they are done.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

const readmeLines = 120

var (
	testName  = regexp.MustCompile(`\b(?:(?:Test|Benchmark|Fuzz|Example)_?[A-Z]|Example_[a-z])\w*`)
	leftover  = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|X` + `XX)\b`)
	link      = regexp.MustCompile(`\]\(<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)`)
	codeSpan  = regexp.MustCompile("`[^`]*`")
	hasScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

var (
	fset     = token.NewFileSet()
	breaches int
)

func report(pos token.Position, format string, args ...any) {
	breaches++
	fmt.Printf("%s:%d: %s\n", pos.Filename, pos.Line, fmt.Sprintf(format, args...))
}

func main() {
	var goFiles []*ast.File
	texts := map[string]string{} // of the Go and the Markdown files, by name
	var names []string
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		name := in.Text()
		if strings.HasPrefix(name, ".ci/") || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		if ext := path.Ext(name); ext != ".go" && ext != ".md" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			fatal(err)
		}
		names = append(names, name)
		texts[name] = string(text)
		if path.Ext(name) == ".go" {
			file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				fatal(err)
			}
			goFiles = append(goFiles, file)
		}
	}
	if len(goFiles) == 0 {
		fatal("no Go files named on standard input")
	}

	tests := testFuncs(goFiles)
	for _, name := range names {
		checkLeftovers(name, texts[name])
		if path.Ext(name) == ".md" {
			checkNames(name, 1, texts[name], tests)
			checkLinks(name, texts[name])
		}
	}
	if n := strings.Count(texts["README.md"], "\n"); n > readmeLines {
		report(token.Position{Filename: "README.md", Line: n}, "longer than %d lines", readmeLines)
	}
	for _, file := range goFiles {
		name := fileName(file)
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "internal/mqtest/") {
			checkSleeps(file, texts[name])
			continue
		}
		for _, group := range file.Comments {
			checkNames(name, fset.Position(group.Pos()).Line, commentText(group), tests)
		}
		if path.Dir(name) == "." && file.Name.Name != "main" {
			checkDocumented(file)
		}
	}
	checkLeaks(goFiles, texts)

	if breaches > 0 {
		fatal(breaches, " breaches")
	}
	fmt.Printf("%d files, %d tests, benchmarks, examples and fuzz targets: in order\n", len(names), len(tests))
}

func fatal(args ...any) {
	fmt.Fprintln(os.Stderr, "docs-check: "+fmt.Sprint(args...))
	os.Exit(1)
}

func fileName(file *ast.File) string { return fset.Position(file.Package).Filename }

// commentText keeps the line structure, which CommentGroup.Text does not.
func commentText(group *ast.CommentGroup) string {
	var lines []string
	for _, c := range group.List {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}

// testFuncs returns the names of the functions that a promise may be held by: those of test files and of the
// conformance suite.
func testFuncs(files []*ast.File) map[string]bool {
	tests := map[string]bool{}
	for _, file := range files {
		if name := fileName(file); !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "internal/mqtest/") {
			continue
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
				tests[f.Name.Name] = true
			}
		}
	}
	return tests
}

func checkNames(name string, line int, text string, tests map[string]bool) {
	for i, s := range strings.Split(text, "\n") {
		for _, test := range testName.FindAllString(s, -1) {
			if !tests[test] {
				report(token.Position{Filename: name, Line: line + i}, "%s is named here, but there is no such function in a test", test)
			}
		}
	}
}

func checkLeftovers(name, text string) {
	for i, s := range strings.Split(text, "\n") {
		if word := leftover.FindString(s); word != "" {
			report(token.Position{Filename: name, Line: i + 1}, "%s: finish it, or open an issue", word)
		}
	}
}

func checkLinks(name, text string) {
	fenced := false
	for i, s := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(s), "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(s, "x"), -1) {
			target, _, _ := strings.Cut(m[1]+m[2], "#")
			if target == "" || hasScheme.MatchString(target) || strings.HasPrefix(target, "//") {
				continue
			}
			file := path.Join(path.Dir(name), target)
			if strings.HasPrefix(target, "/") {
				file = path.Join(".", target)
			}
			if _, err := os.Stat(file); err != nil {
				report(token.Position{Filename: name, Line: i + 1}, "the link leads nowhere: %s", target)
			}
		}
	}
}

func checkSleeps(file *ast.File, text string) {
	if strings.Contains(text, "synctest") {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "Sleep" {
			if x, ok := call.X.(*ast.Ident); ok && x.Name == "time" {
				report(fset.Position(n.Pos()), "time.Sleep in a test: wait for an event, or use testing/synctest")
			}
		}
		return true
	})
}

// checkLeaks wants a TestMain that uses goleak, directly or through internal/mqtest, wherever there are tests.
func checkLeaks(files []*ast.File, texts map[string]string) {
	tested, watched := map[string]string{}, map[string]bool{} // by folder
	for _, file := range files {
		name := fileName(file)
		dir, text := path.Dir(name), texts[name]
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		if strings.Contains(text, "\nfunc Test") {
			tested[dir] = name
		}
		if strings.Contains(text, "\nfunc TestMain(") && (strings.Contains(text, "goleak.") || strings.Contains(text, "mqtest.")) {
			watched[dir] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(tested)) {
		if !watched[dir] {
			report(token.Position{Filename: tested[dir], Line: 1}, "tests, but no TestMain that looks for leaked goroutines (goleak.VerifyTestMain)")
		}
	}
}

// checkDocumented wants a comment for every exported name: its own, the one at the end of its line, or that of its
// group. A field or a method of an interface may also be spoken of by name in the comment of its type.
func checkDocumented(file *ast.File) {
	missing := func(id *ast.Ident) { report(fset.Position(id.Pos()), "exported %s has no comment", id.Name) }
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
				missing(d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					for _, id := range s.Names {
						if id.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
							missing(id)
						}
					}
				case *ast.TypeSpec:
					if !s.Name.IsExported() {
						continue
					}
					if d.Doc == nil && s.Doc == nil && s.Comment == nil {
						missing(s.Name)
					}
					about := words(d.Doc, s.Doc, s.Comment)
					for _, field := range members(s.Type) {
						for _, id := range field.Names {
							if id.IsExported() && field.Doc == nil && field.Comment == nil && !slices.Contains(about, id.Name) {
								missing(id)
							}
						}
					}
				}
			}
		}
	}
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

func members(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

func words(groups ...*ast.CommentGroup) (all []string) {
	for _, group := range groups {
		if group != nil {
			all = append(all, strings.FieldsFunc(group.Text(), func(r rune) bool {
				return r != '_' && !('a' <= r && r <= 'z') && !('A' <= r && r <= 'Z') && !('0' <= r && r <= '9')
			})...)
		}
	}
	return all
}
