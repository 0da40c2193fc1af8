package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/containerd/stargz-snapshotter/estargz"
)

func main() {
	f, err := os.Open(os.Args[1])
	check(err)
	st, err := f.Stat()
	check(err)
	r, err := estargz.Open(io.NewSectionReader(f, 0, st.Size()))
	check(err)
	v, err := r.VerifyTOC(r.TOCDigest())
	check(err)
	n := 0
	var walk func(prefix string, e *estargz.TOCEntry)
	walk = func(prefix string, e *estargz.TOCEntry) {
		e.ForeachChild(func(base string, c *estargz.TOCEntry) bool {
			name := prefix + base
			if c.Type == "dir" {
				walk(name+"/", c)
				return true
			}
			sr, err := r.OpenFile(name)
			check(err)
			whole := sha256.New()
			for off := int64(0); off < c.Size; {
				ce, ok := r.ChunkEntryForOffset(name, off)
				if !ok {
					check(fmt.Errorf("no chunk for %s at %d", name, off))
				}
				buf := make([]byte, ce.ChunkSize)
				_, err := sr.ReadAt(buf, ce.ChunkOffset)
				check(err)
				cv, err := v.Verifier(ce)
				check(err)
				cv.Write(buf)
				if !cv.Verified() {
					check(fmt.Errorf("chunk of %s at %d not verified", name, off))
				}
				whole.Write(buf)
				off += ce.ChunkSize
				n++
			}
			if c.Size > 0 && c.Digest != fmt.Sprintf("sha256:%x", whole.Sum(nil)) {
				check(fmt.Errorf("digest of %s", name))
			}
			return true
		})
	}
	root, _ := r.Lookup("")
	walk("", root)
	fmt.Println("ok", n, "chunks")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
