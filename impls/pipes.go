package impls

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// pipes carry the two output streams of a server. They are plain pipes, not those of exec.Cmd, which are closed at
// the exit of the process whether they are read to the end or not.
type pipes struct {
	stdout, stderr   *os.File // our ends
	stdoutW, stderrW *os.File // the server's ends, closed here once it has them
}

// newPipes makes them the output of cmd. Its input is /dev/null.
func newPipes(cmd *exec.Cmd) (*pipes, error) {
	var p pipes
	var err error
	if p.stdout, p.stdoutW, err = os.Pipe(); err != nil {
		return nil, err
	}
	if p.stderr, p.stderrW, err = os.Pipe(); err != nil {
		p.stdout.Close()
		p.stdoutW.Close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = p.stdoutW, p.stderrW
	return &p, nil
}

func (p *pipes) closeWriters() {
	p.stdoutW.Close()
	p.stderrW.Close()
}

func (p *pipes) closeReaders() {
	p.stdout.Close()
	p.stderr.Close()
}

// drain reads both streams, whatever comes, so that no server ever blocks on a full pipe. The channel is closed at their end.
func (p *pipes) drain(s *Server, o Options) <-chan struct{} {
	var streams sync.WaitGroup
	streams.Go(func() { copyAll(p.stdout, s.stdout, o.Stdout) })
	streams.Go(func() { copyAll(p.stderr, s.stderr, o.Stderr) })
	drained := make(chan struct{})
	go func() {
		streams.Wait()
		close(drained)
	}()
	return drained
}

// finish waits for the end of the streams, which is near: their writers are dead. A process that fled the sweep may hold
// an end open for ever, hence the bound.
func (p *pipes) finish(drained <-chan struct{}) {
	select {
	case <-drained:
	case <-time.After(time.Second):
	}
	p.closeReaders()
	<-drained
}

// copyAll copies a stream to sink and to an optional tee. A tee that fails is left: whoever looks on must not block a server.
func copyAll(from io.Reader, sink, tee io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		sink.Write(buffer[:n])
		if tee != nil {
			if _, failed := tee.Write(buffer[:n]); failed != nil {
				tee = nil
			}
		}
		if err != nil {
			return
		}
	}
}
