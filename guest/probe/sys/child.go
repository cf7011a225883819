package sys

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Child is another process of the agent's executable that answers a request at
// a time, each a line. It lives as long as the worker that started it: its
// standard input ends when the worker does.
type Child struct {
	requests io.WriteCloser
	answers  *bufio.Reader
}

// StartChild starts the executable with that one argument.
func StartChild(argument string) (*Child, error) {
	cmd := exec.Command("/proc/self/exe", argument)
	cmd.Stderr = os.Stderr
	requests, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Child{requests: requests, answers: bufio.NewReader(answers)}, nil
}

// Ask sends a line. The answer is "ok", or an error's text.
func (c *Child) Ask(line string) error {
	if _, err := io.WriteString(c.requests, line+"\n"); err != nil {
		return err
	}
	answer, err := c.answers.ReadString('\n')
	if err == nil && answer != "ok\n" {
		err = errors.New(strings.TrimSpace(answer))
	}
	return err
}

// Read reads what follows an answer.
func (c *Child) Read(b []byte) (int, error) { return c.answers.Read(b) }

// Answer writes the answer to a request: the other process's side of
// [Child.Ask].
func Answer(out io.Writer, err error) error {
	answer := "ok"
	if err != nil {
		answer = strings.ReplaceAll(err.Error(), "\n", " ")
	}
	_, err = fmt.Fprintln(out, answer)
	return err
}
