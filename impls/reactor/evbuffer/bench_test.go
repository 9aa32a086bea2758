package evbuffer

import (
	"fmt"
	"testing"
)

// The way of a message through both buffers, without the system calls that BenchmarkEcho shows.
func BenchmarkReadAppendDrain(b *testing.B) {
	for _, size := range []int{64, 2048, 4096, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			pool := NewPool(0, 8)
			in, out := New(pool), New(pool)
			b.ReportAllocs()
			for b.Loop() {
				c := pool.large.take()
				in.keepSpill(c, size)
				out.Append(in)
				out.Drain(size)
			}
		})
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{64, 4096, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := newPass(b, NewPool(0, 8), size)
			b.ReportAllocs()
			for b.Loop() {
				p.echo()
			}
		})
	}
}

// The same round without buffers: what the system calls of BenchmarkEcho cost.
func BenchmarkEchoBare(b *testing.B) {
	for _, size := range []int{64, 4096, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := newPass(b, nil, size)
			buffer := make([]byte, DefaultChunkBytes)
			b.ReportAllocs()
			for b.Loop() {
				writeFD(p.fds[0], p.message)
				n, _ := readFD(p.fds[1], buffer)
				readFD(p.fds[1], buffer)
				writeFD(p.fds[1], buffer[:n])
				readFD(p.fds[0], p.message)
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{16, 1024, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			buffer := New(NewPool(0, 64))
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				buffer.Write(p)
				if buffer.Len() > 1<<20 {
					buffer.Drain(buffer.Len())
				}
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	buffer := New(NewPool(0, 64))
	buffer.Write(make([]byte, 1<<20))
	buffer.Write([]byte("\r\n"))
	b.Run("bytes", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			buffer.Search([]byte("\r\n"))
		}
	})
	b.Run("end of line", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			buffer.SearchEOL(CRLF, 0)
		}
	})
}

func BenchmarkReadLine(b *testing.B) {
	buffer := New(NewPool(0, 64))
	line := []byte("a line of ordinary length, forty bytes\r\n")
	b.ReportAllocs()
	for b.Loop() {
		buffer.Write(line)
		buffer.ReadLine(CRLF)
	}
}
