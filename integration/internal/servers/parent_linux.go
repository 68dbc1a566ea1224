package servers

import (
	"os/exec"
	"syscall"
)

// endWithParent lets no server outlive a test binary that is killed or runs into its timeout.
func endWithParent(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
