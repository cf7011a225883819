package oops

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
)

// dashboard returns the logs of testdata/dashboard with their right titles, those that a
// public dashboard of crashes gives them.
func dashboard(t *testing.T) map[string]string {
	t.Helper()
	list, err := os.ReadFile("testdata/dashboard/TITLES.tsv")
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		if name, title, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			titles[name] = title
		}
	}
	logs, err := filepath.Glob("testdata/dashboard/*.log")
	if err != nil || len(logs) != len(titles) {
		t.Fatalf("%d logs have %d titles (%v)", len(logs), len(titles), err)
	}
	return titles
}

func titlesOf(reports []matrix.CrashReport) (titles []string) {
	for _, r := range reports {
		titles = append(titles, r.Title)
	}
	return titles
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/dashboard", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTitlesOfADashboard compares the first title of each log.
func TestTitlesOfADashboard(t *testing.T) {
	for name, want := range dashboard(t) {
		reports := Parse(read(t, name))
		if len(reports) == 0 || reports[0].Title != want {
			t.Errorf("%s: %q, want %q", name, titlesOf(reports), want)
		}
		// The numbered logs go on after their first report.
		if _, err := strconv.Atoi(strings.TrimSuffix(name, ".log")); err != nil && len(reports) != 1 {
			t.Errorf("%s has %d reports, want one", name, len(reports))
		}
	}
}

// TestFramesOfASoftirq has no frame of what the interrupt came upon.
func TestFramesOfASoftirq(t *testing.T) {
	if got := fmt.Sprint(Parse(read(t, "irq.log"))[0].Frames); got != "[rx_handler net_rx_action]" {
		t.Errorf("the frames are %s", got)
	}
}

var printkTime = regexp.MustCompile(`(?m)^\[ *(\d+)\.(\d+)\](\[ *[TC]\d+\])? `)

// prefixes are the ways in which programs print the time of a line and its caller, which
// is "" or stands in brackets; those of a system's log have lost the caller.
var prefixes = map[string]func(at time.Time, seconds, caller string) string{
	"dmesg -T": func(at time.Time, _, caller string) string {
		return at.Format("[Mon Jan _2 15:04:05 2006]") + caller + " "
	},
	"dmesg -T, the caller apart": func(at time.Time, _, caller string) string {
		return strings.TrimSpace(at.Format("[Mon Jan _2 15:04:05 2006] ")+caller) + " "
	},
	"dmesg -T, without callers": func(at time.Time, _, _ string) string {
		return at.Format("[Mon Jan _2 15:04:05 2006] ")
	},
	"dmesg --time-format iso": func(at time.Time, _, caller string) string {
		return strings.TrimSpace(at.Format("2006-01-02T15:04:05,000000-07:00 ")+caller) + " "
	},
	"dmesg -x": func(_ time.Time, seconds, caller string) string {
		return fmt.Sprintf("kern  :warn  : [%12s]%s ", seconds, caller)
	},
	"dmesg -r": func(_ time.Time, seconds, caller string) string { return fmt.Sprintf("<4>[%12s]%s ", seconds, caller) },
	"dmesg -d": func(_ time.Time, seconds, caller string) string {
		return strings.TrimSpace(fmt.Sprintf("[%12s <    0.000010>] ", seconds)+caller) + " "
	},
	"journalctl -o short": func(at time.Time, _, _ string) string { return at.Format("Jan 02 15:04:05 host kernel: ") },
	"journalctl -o short, the caller kept": func(at time.Time, _, caller string) string {
		return strings.TrimSpace(at.Format("Jan 02 15:04:05 host kernel: ")+caller) + " "
	},
	"journalctl -o short-precise": func(at time.Time, _, _ string) string { return at.Format("Jan 02 15:04:05.000000 host kernel: ") },
	"journalctl -o short-full":    func(at time.Time, _, _ string) string { return at.Format("Mon 2006-01-02 15:04:05 MST host kernel: ") },
	"journalctl -o short-iso":     func(at time.Time, _, _ string) string { return at.Format("2006-01-02T15:04:05-0700 host kernel: ") },
	"journalctl -o short-iso-precise": func(at time.Time, _, _ string) string {
		return at.Format("2006-01-02T15:04:05.000000-07:00 host kernel: ")
	},
	"journalctl -o short-monotonic": func(_ time.Time, seconds, _ string) string { return fmt.Sprintf("[%12s] host kernel: ", seconds) },
	"journalctl -o short-unix":      func(at time.Time, _, _ string) string { return fmt.Sprintf("%d.000000 host kernel: ", at.Unix()) },
	"rsyslog": func(at time.Time, seconds, caller string) string {
		return at.Format("2006-01-02T15:04:05.000000-07:00 host kernel: ") + fmt.Sprintf("[%12s]%s ", seconds, caller)
	},
	"a mail": func(_ time.Time, seconds, caller string) string { return fmt.Sprintf("> [%12s]%s ", seconds, caller) },
	"none":   func(time.Time, string, string) string { return "" },
}

// TestPrefixesOfLogs rewrites the times of each log as the programs print them that read
// a kernel's log: the titles are the same.
func TestPrefixesOfLogs(t *testing.T) {
	boot := time.Date(2026, 11, 28, 3, 4, 5, 0, time.FixedZone("CET", 3600))
	titles, logs := dashboard(t), map[string]string{}
	for log := range titles {
		logs[log] = read(t, log)
	}
	for name, prefix := range prefixes {
		for log, want := range titles {
			text := printkTime.ReplaceAllStringFunc(logs[log], func(s string) string {
				m := printkTime.FindStringSubmatch(s)
				seconds, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				at := boot.Add(time.Duration(seconds) * time.Second)
				return prefix(at, fmt.Sprintf("%s.%06s", m[1], m[2][:min(6, len(m[2]))]), m[3])
			})
			if reports := Parse(text); len(reports) == 0 || reports[0].Title != want {
				t.Errorf("%s as %s: %q, want %q", log, name, titlesOf(reports), want)
			}
		}
	}
}
