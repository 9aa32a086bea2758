package results

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestEnvironmentTellsNoHostName(t *testing.T) {
	host, err := os.Hostname()
	if err != nil || len(host) < 4 {
		t.Skipf("host name %q is too short to be searched for (%v)", host, err)
	}
	data, err := json.Marshal(Describe())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), host) {
		t.Errorf("env.json would hold the host name %q", host)
	}
}

func TestMachineIDFollowsTheMachineOnly(t *testing.T) {
	a, b := DescribeMachine(), DescribeMachine()
	if a.ID() != b.ID() {
		t.Errorf("the same machine has the ids %s and %s", a.ID(), b.ID())
	}
	b.Kernel += "-other"
	if a.ID() == b.ID() {
		t.Error("another kernel has the same id")
	}
	c := DescribeMachine()
	c.Sysctls = map[string]string{"net.core.somaxconn": "1"}
	if a.ID() == c.ID() {
		t.Error("other sysctls have the same id")
	}
}

func TestEnvironmentIsFilledIn(t *testing.T) {
	env := Describe()
	env.DescribeEnd(time.Unix(1_800_000_000, 0))
	if env.EnvID == "" || env.Go.Version != runtime.Version() || env.Machine.LogicalCPUs < 1 || env.State.ClockReadNs <= 0 || env.Plan.Ended.IsZero() {
		t.Errorf("%+v", env)
	}
	if runtime.GOOS == "linux" && (env.Machine.Kernel == "" || env.Machine.Sysctls["net.core.somaxconn"] == "" || env.State.LoadAfter == "") {
		t.Errorf("on Linux there is more to tell: %+v", env)
	}
}

func TestProgramOfALivingProcess(t *testing.T) {
	p, err := DescribeProgram("this test", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" && (len(p.SHA256) != 64 || p.GoVersion == "" || p.Settings["GOARCH"] != runtime.GOARCH) { // test programs carry no module list
		t.Errorf("%+v", p)
	}
}
