package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A repository is the git checkout that the command was started in.
type repository struct{ dir string }

// openRepository finds the checkout's root. Its tree must be clean: what is compared has to have a name.
func openRepository(ctx context.Context, dir string) (repository, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return repository{}, usagef("git is not installed, and the gate compares commits")
	}
	root, err := (repository{dir}).git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return repository{}, usagef("%s is not in a git checkout, and the gate compares commits", dir)
	}
	r := repository{root}
	changed, err := r.git(ctx, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return r, err
	}
	if changed != "" {
		return r, usagef("the checkout has changes that no commit holds:\n%s\ncommit them first; a verdict needs a commit to be about", changed)
	}
	return r, nil
}

// git runs a command and returns what it printed.
func (r repository) git(ctx context.Context, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", arguments...)
	cmd.Dir = r.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimRight(string(out), "\n"), nil
}

// commit is the full name of a revision.
func (r repository) commit(ctx context.Context, revision string) (string, error) {
	name, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", usagef("there is no commit %q here; a shallow clone has no history (fetch-depth: 0 in a workflow)", revision)
	}
	return name, nil
}

// basis is the commit that head is to be compared with: where it left revision's line, or its own first parent where it
// is on that line itself.
func (r repository) basis(ctx context.Context, revision, head string) (string, error) {
	base, err := r.commit(ctx, revision)
	if err != nil {
		return "", err
	}
	fork, err := r.git(ctx, "merge-base", base, head)
	if err != nil {
		return "", usagef("%s and %s have no common ancestor", revision, short(head))
	}
	if fork != head {
		return fork, nil
	}
	parent, err := r.commit(ctx, head+"^")
	if err != nil {
		return "", usagef("%s is on %s and has no parent to be compared with", short(head), revision)
	}
	return parent, nil
}

// extract writes the tree of a commit into dir. Unlike a worktree it leaves nothing behind in the repository, however
// the command ends.
func (r repository) extract(ctx context.Context, commit, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "archive", "--format=tar", commit)
	cmd.Dir = r.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	unpacked := untar(out, dir)
	if unpacked != nil {
		cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil && unpacked == nil {
		return fmt.Errorf("git archive %s: %w: %s", short(commit), err, strings.TrimSpace(stderr.String()))
	}
	return unpacked
}

// untar unpacks files, folders and links of a tree of git, whose names cannot lead out of it.
func untar(r io.Reader, dir string) error {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeReg:
			err = writeFile(path, archive, header.FileInfo().Mode().Perm())
		case tar.TypeSymlink:
			err = os.Symlink(header.Linkname, path)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(path string, from io.Reader, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// accepted are the slow-downs that the commits from base to head declare as wanted, by trailers such as
//
//	Perf-accept: reactor/epoll closed-64 the check costs what it is worth
func (r repository) accepted(ctx context.Context, base, head string) (map[series]string, error) {
	text, err := r.git(ctx, "log", "--format=%(trailers:key=Perf-accept,valueonly,unfold)", base+".."+head)
	if err != nil {
		return nil, err
	}
	reasons := make(map[series]string)
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case len(words) < 3:
			return nil, usagef("trailer \"Perf-accept: %s\": want a server, a workload and a reason", line)
		default:
			reasons[series{words[0], words[1]}] = strings.Join(words[2:], " ")
		}
	}
	return reasons, nil
}

func short(commit string) string { return commit[:min(len(commit), 7)] }
