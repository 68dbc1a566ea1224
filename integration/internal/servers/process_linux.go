package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// endWithParent lets no server outlive a test binary that is killed or runs into its timeout.
func endWithParent(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// standsStill reports whether every thread of a process that was sent SIGSTOP has stopped: on a busy machine some go on for
// a while.
func standsStill(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			return false
		}
		_, state, _ := strings.Cut(string(stat), ") ") // after the name
		if !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return len(threads) > 0
}
