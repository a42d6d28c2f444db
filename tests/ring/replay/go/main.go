// SPDX-License-Identifier: GPL-2.0-only
//
// main.go - replay with Go's own profBuf: traces as of replay.c, which has to be right already
//
// usage: replay < trace
//
// tests/ring/replay/run puts profbuf.go of the Go that is installed beside it.

package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"unsafe"
)

// The numbers of a line.
type numbers struct {
	line []byte
}

func (n *numbers) next() (value uint64) {
	for n.line[0] == ' ' {
		n.line = n.line[1:]
	}
	for len(n.line) > 0 && n.line[0] != ' ' {
		value = value*10 + uint64(n.line[0]-'0')
		n.line = n.line[1:]
	}
	return value
}

func main() {
	var b *profBuf
	var out []byte

	// Tags are words here, pointers there: nobody may follow them.
	debug.SetGCPercent(-1)
	lines := bufio.NewScanner(os.Stdin)
	w := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		n := numbers{lines.Bytes()[1:]}
		switch lines.Bytes()[0] {
		case 'N':
			hdrsize := int(n.next())
			bufwords := int(n.next())
			b = newProfBuf(hdrsize, bufwords, int(n.next()))
		case 'W':
			tag := uintptr(n.next())
			now := int64(n.next())
			hdr := make([]uint64, n.next())
			for i := range hdr {
				hdr[i] = n.next()
			}
			stk := make([]uintptr, n.next())
			for i := range stk {
				stk[i] = uintptr(n.next())
			}
			b.write((*unsafe.Pointer)(unsafe.Pointer(&tag)), now, hdr, stk)
		case 'R':
			data, tags, eof := b.read(profBufNonBlocking)
			out = append(out[:0], "R "...)
			out = strconv.AppendInt(out, int64(len(data)), 10)
			for _, word := range data {
				out = strconv.AppendUint(append(out, ' '), word, 10)
			}
			out = strconv.AppendInt(append(out, ' '), int64(len(tags)), 10)
			for i := range tags {
				tag := *(*uint64)(unsafe.Pointer(&tags[i]))
				out = strconv.AppendUint(append(out, ' '), tag, 10)
			}
			if eof {
				out = append(out, " 1\n"...)
			} else {
				out = append(out, " 0\n"...)
			}
			w.Write(out)
		case 'C':
			b.close()
		default:
			throw("what is " + lines.Text())
		}
	}
	if lines.Err() != nil || w.Flush() != nil {
		throw("input or output failed")
	}
}
