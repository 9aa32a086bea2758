package results

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// Env is everything that a figure depends on besides the server. It never holds the host's name or anything else that
// tells whose machine it was.
type Env struct {
	Schema int    `json:"schema"`
	EnvID  string `json:"env_id"` // Machine.ID: records with equal ids come from equal conditions

	Machine Machine `json:"machine"`

	Commit string `json:"commit"` // of the suite, short; empty outside a checkout
	Branch string `json:"branch,omitempty"`
	Dirty  bool   `json:"dirty"`

	Go       Toolchain `json:"go"`
	Compiler string    `json:"compiler,omitempty"` // first line of `cc --version`
	Programs []Program `json:"programs,omitempty"` // the servers, as they were built

	Plan  Plan  `json:"plan"`
	State State `json:"state"`
}

// Machine is the part that does not change while the machine is up; EnvID is its hash. Empty means: not known here.
type Machine struct {
	OS            string `json:"os"`
	Architecture  string `json:"architecture"`
	CPUModel      string `json:"cpu_model,omitempty"`
	CPUVendor     string `json:"cpu_vendor,omitempty"`
	CPUFamily     string `json:"cpu_family,omitempty"`
	CPUModelID    string `json:"cpu_model_id,omitempty"`
	CPUStepping   string `json:"cpu_stepping,omitempty"`
	CPUMicrocode  string `json:"cpu_microcode,omitempty"`
	CPUFlagsHash  string `json:"cpu_flags_hash,omitempty"` // of the sorted flags
	LogicalCPUs   int    `json:"logical_cpus"`
	PhysicalCores int    `json:"physical_cores,omitempty"`
	SMT           string `json:"smt,omitempty"` // on, off, notsupported, ...
	NUMANodes     int    `json:"numa_nodes,omitempty"`

	Caches     map[string]string `json:"caches,omitempty"` // of core 0: "L1 Data": "32K"
	MemoryMB   int64             `json:"memory_mb,omitempty"`
	Hypervisor bool              `json:"hypervisor"` // the processor's flag says that a hypervisor runs below

	FrequencyMaxKHz  int64  `json:"frequency_max_khz,omitempty"`
	Governor         string `json:"governor,omitempty"`
	Boost            string `json:"boost,omitempty"`
	EnergyPreference string `json:"energy_preference,omitempty"`

	Kernel          string            `json:"kernel,omitempty"`
	KernelArguments []string          `json:"kernel_arguments,omitempty"` // only those that change speed; the rest may tell whose machine it is
	Vulnerabilities map[string]string `json:"vulnerabilities,omitempty"`  // with the mitigation in force
	Clocksource     string            `json:"clocksource,omitempty"`
	HugePages       string            `json:"transparent_hugepages,omitempty"`
	CgroupCPU       string            `json:"cgroup_cpu_max,omitempty"`
	CgroupMemory    string            `json:"cgroup_memory_max,omitempty"`
	LoopbackMTU     int               `json:"loopback_mtu,omitempty"`
	Sysctls         map[string]string `json:"sysctls,omitempty"`
}

// ID is the first 12 hexadecimal digits of the hash of all fields.
func (m Machine) ID() string {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, numbers and maps of strings always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:12]
}

// Toolchain is the Go that built the load generator, and the settings that Go servers inherit.
type Toolchain struct {
	Version  string            `json:"version"`
	Settings map[string]string `json:"settings,omitempty"` // GOAMD64, CGO_ENABLED, -race, ...: from the build information
	Process  map[string]string `json:"process,omitempty"`  // GOGC, GOMEMLIMIT, GODEBUG, ... where set in the environment
}

// A Program is a server binary as measured.
type Program struct {
	Impl      string            `json:"impl"`
	SHA256    string            `json:"sha256"`
	GoVersion string            `json:"go_version,omitempty"`
	Modules   map[string]string `json:"modules,omitempty"`   // module path → version
	Libraries []string          `json:"libraries,omitempty"` // shared, by file name
	Settings  map[string]string `json:"settings,omitempty"`
}

// Plan is how the run was arranged.
type Plan struct {
	Command    []string  `json:"command"` // arguments without the program's own path
	Suite      string    `json:"suite,omitempty"`
	Seed       uint64    `json:"seed"`
	Blocks     int       `json:"blocks"`
	Engine     string    `json:"engine"` // "epoll", "spin", "io_uring" or "portable"
	ServerCPUs []int     `json:"server_cpus,omitempty"`
	EngineCPUs []int     `json:"engine_cpus,omitempty"`
	Loops      int       `json:"loops"`
	Gomaxprocs int       `json:"gomaxprocs,omitempty"`  // in every server's environment; absent: as many as loops
	PatienceMs int64     `json:"patience_ms,omitempty"` // how long a connection or a reply could take; absent: 5 s
	Began      time.Time `json:"began"`
	Ended      time.Time `json:"ended,omitzero"` // absent: the run was interrupted or is still going
}

// State is how busy the machine was around the run, and its limits for this process.
type State struct {
	LoadBefore        string  `json:"load_before,omitempty"` // 1, 5 and 15 minutes
	LoadAfter         string  `json:"load_after,omitempty"`
	PressureBefore    string  `json:"cpu_pressure_before,omitempty"` // "some" line of /proc/pressure/cpu
	PressureAfter     string  `json:"cpu_pressure_after,omitempty"`
	UptimeSeconds     float64 `json:"uptime_s,omitempty"`
	DescriptorLimit   uint64  `json:"descriptor_limit,omitempty"` // hard limit of RLIMIT_NOFILE
	ClockReadNs       float64 `json:"clock_read_ns,omitempty"`    // what one time.Since costs here
	ClockResolutionNs int64   `json:"clock_resolution_ns,omitempty"`
}

// WriteEnv puts env.json into the run, in one step, and keeps the programs that an earlier start of the command noted.
// Records of two machines in one folder cannot be compared, so a different EnvID is refused.
func WriteEnv(dir string, env Env) error {
	before, err := readEnv(dir)
	if err != nil {
		return err
	}
	if before != nil {
		if before.EnvID != env.EnvID {
			return fmt.Errorf("%s holds a run of another machine or kernel (env_id %s, here %s); give a new folder", dir, before.EnvID, env.EnvID)
		}
		env.Programs = mergePrograms(before.Programs, env.Programs)
	}
	return writeWhole(filepath.Join(dir, envFile), env)
}

// mergePrograms keeps the order of before; a program that was built again takes the new entry.
func mergePrograms(before, now []Program) []Program {
	merged := append([]Program(nil), before...)
	for _, p := range now {
		if i := indexOf(merged, p.Impl); i >= 0 {
			merged[i] = p
		} else {
			merged = append(merged, p)
		}
	}
	return merged
}

func indexOf(programs []Program, impl string) int {
	for i, p := range programs {
		if p.Impl == impl {
			return i
		}
	}
	return -1
}
