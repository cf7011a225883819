package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"kmatrix/host"
	"kmatrix/host/capacity"
	"kmatrix/host/client"
	"kmatrix/host/images"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

func newShellCommand() *cobra.Command {
	var file, qemu, initramfs string
	var locked, offline bool
	cmd := &cobra.Command{
		Use:   "shell KERNEL",
		Short: "A shell in a guest with a kernel of kernels.yaml",
		Long: `Boot a kernel as a run boots it on its first machine, with its append: and KVM where
that works, and open a shell in it, with the probes' file
systems under /mnt, u-root's commands and, under /external, the programs of external
probes. Leave it with exit; nothing is kept.

` + exitCodes,
		Example: `  kmatrix shell 6.1
  echo 'uname -r; cat /proc/mounts' | kmatrix shell 6.1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return wrong("shell takes the name of one kernel, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := spec.LoadFile(file, known())
			if err != nil {
				return err
			}
			plan, err := s.Plan(spec.Selection{Kernels: args}, known())
			if err != nil {
				return err
			}
			version, err := vm.Version(cmd.Context(), qemu)
			if err != nil {
				return err
			}
			images, err := newImages(imageOptions{initramfs: initramfs, locked: locked, offline: offline, log: notices(cmd)}, s, plan.Probes)
			if err != nil {
				return err
			}
			if err := images.BuildPrograms(cmd.Context(), plan.Probes); err != nil {
				return err
			}
			return shell(cmd, images, plan.Kernels[0], plan.Machines[0], qemu, version)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "kernels.yaml", "the matrix that names the kernel")
	cmd.Flags().StringVar(&qemu, "qemu", vm.DefaultQEMU, "the QEMU `PROGRAM`")
	cmd.Flags().StringVar(&initramfs, "initramfs", "", "the guest's base `ARCHIVE` (default: initramfs.cpio beside the program)")
	cmd.Flags().BoolVar(&locked, "locked", false, "boot exactly what kernels.lock records, or fail")
	cmd.Flags().BoolVar(&offline, "offline", false, "use the cache only")
	return cmd
}

// bootDeadline is how long the guest of a shell may take to be ready.
const bootDeadline = 90 * time.Second

func shell(cmd *cobra.Command, images *images.Images, k matrix.Kernel, m matrix.Machine, qemu, version string) (err error) {
	ctx := cmd.Context()
	release, err := images.Use()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	img, err := images.Image(ctx, k)
	if err != nil {
		return err
	}
	has, err := capacity.Read("/")
	if err != nil {
		return err
	}
	if _, _, err := capacity.Jobs([]matrix.Machine{m}, has); err != nil {
		return err
	}
	m, verdict, err := host.Accelerated(ctx, images.Env.Cache.Dir, version, qemu, k, m, img)
	if err != nil {
		return err
	}
	if verdict != nil {
		notices(cmd)("kmatrix: " + verdict.String())
	}
	v, err := vm.Start(ctx, host.GuestConfig(qemu, k, m, img), nil)
	if err != nil {
		return err
	}
	err = attach(ctx, v, cmd.InOrStdin(), rawStream(cmd.OutOrStdout()), rawStream(cmd.ErrOrStderr()))
	exit := v.Stop(0)
	if err != nil {
		return errors.Join(fmt.Errorf("shell on %s: %w", k.Name, err), exit.Err)
	}
	return nil
}

// attach waits for the guest and hands it the user's terminal.
func attach(ctx context.Context, v *vm.VM, in io.Reader, out, errs io.Writer) error {
	booting, cancel := context.WithTimeout(ctx, bootDeadline)
	defer cancel()
	ready, err := v.Ready(booting)
	if err != nil {
		return err
	}
	g, err := client.Login(booting, v.Line(), ready.Boot)
	if err != nil {
		return err
	}
	t := client.Terminal{In: in, Out: out, Err: errs, Name: os.Getenv("TERM")}
	tty, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(tty.Fd())) {
		return g.Shell(ctx, t)
	}
	if t.Width, t.Height, err = term.GetSize(int(tty.Fd())); err != nil {
		return fmt.Errorf("ask for the terminal's size: %w", err)
	}
	old, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return fmt.Errorf("make the terminal raw: %w", err)
	}
	defer term.Restore(int(tty.Fd()), old) //nolint:errcheck // the user would see
	resized := make(chan [2]int, 1)
	t.Resized = resized
	winch := make(chan os.Signal, 1)
	signal.Notify(winch, syscall.SIGWINCH)
	defer signal.Stop(winch)
	go func() {
		for {
			select {
			case <-winch:
				if w, h, err := term.GetSize(int(tty.Fd())); err == nil {
					resized <- [2]int{w, h}
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return g.Shell(ctx, t)
}
