package results

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// speedSysctls are those that a benchmark of sockets depends on.
var speedSysctls = []string{
	"fs/nr_open", "kernel/randomize_va_space", "kernel/perf_event_paranoid",
	"net/core/somaxconn", "net/core/netdev_max_backlog", "net/core/rmem_max", "net/core/wmem_max",
	"net/core/busy_poll", "net/core/busy_read", "net/core/default_qdisc",
	"net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem", "net/ipv4/tcp_mem", "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_tw_reuse",
	"net/ipv4/tcp_max_tw_buckets", "net/ipv4/tcp_congestion_control", "net/ipv4/tcp_slow_start_after_idle", "net/ipv4/tcp_autocorking",
	"net/ipv4/ip_local_port_range",
}

// speedArguments are the words of the kernel's command line that change speed. The others are left out: they may hold host
// names, addresses and identifiers.
var speedArguments = []string{
	"mitigations", "nosmt", "nopti", "pti", "spectre_v2", "spectre_v2_user", "spec_store_bypass_disable", "retbleed", "l1tf", "mds", "tsx",
	"isolcpus", "nohz", "nohz_full", "rcu_nocbs", "threadirqs", "preempt", "idle", "clocksource", "tsc", "hpet", "highres", "audit", "selinux",
	"intel_idle.max_cstate", "processor.max_cstate", "intel_pstate", "amd_pstate", "cpufreq.default_governor", "cpuidle.off",
	"cpuidle_haltpoll.force", "haltpoll.guest_halt_poll_ns", "transparent_hugepage", "numa_balancing", "skew_tick",
}

// DescribeMachine reads what this system tells about itself. What cannot be read stays empty.
func DescribeMachine() Machine {
	m := Machine{OS: runtime.GOOS, Architecture: runtime.GOARCH, LogicalCPUs: runtime.NumCPU()}
	m.readProcessor()
	m.readFrequency()
	m.readMemory()
	m.readKernel()
	m.readLimits()
	return m
}

func (m *Machine) readProcessor() {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return
	}
	cpus, err := proc.CPUInfo()
	if err != nil || len(cpus) == 0 {
		return
	}
	c := cpus[0]
	m.LogicalCPUs = len(cpus)
	m.CPUModel, m.CPUVendor, m.CPUFamily, m.CPUModelID = c.ModelName, c.VendorID, c.CPUFamily, c.Model
	m.CPUStepping, m.CPUMicrocode = c.Stepping, c.Microcode
	m.Hypervisor = slices.Contains(c.Flags, "hypervisor")
	m.CPUFlagsHash = hashOf(slices.Sorted(slices.Values(c.Flags)))
	physical := make(map[string]bool)
	for _, c := range cpus {
		physical[c.PhysicalID+"/"+c.CoreID] = true
	}
	m.PhysicalCores = len(physical)
	m.SMT = line("/sys/devices/system/cpu/smt/control")
	nodes, _ := filepath.Glob("/sys/devices/system/node/node[0-9]*")
	m.NUMANodes = len(nodes)
	m.readCaches()
}

func hashOf(words []string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, " ")))
	return hex.EncodeToString(sum[:])[:12]
}

func (m *Machine) readCaches() {
	m.Caches = make(map[string]string)
	folders, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index[0-9]*")
	for _, f := range folders {
		m.Caches["L"+line(f+"/level")+" "+line(f+"/type")] = line(f + "/size")
	}
}

func (m *Machine) readFrequency() {
	const folder = "/sys/devices/system/cpu/cpu0/cpufreq/"
	m.FrequencyMaxKHz, _ = strconv.ParseInt(line(folder+"cpuinfo_max_freq"), 10, 64)
	m.Governor = line(folder + "scaling_governor")
	m.EnergyPreference = line(folder + "energy_performance_preference")
	m.Boost = line("/sys/devices/system/cpu/cpufreq/boost")
	if noTurbo := line("/sys/devices/system/cpu/intel_pstate/no_turbo"); noTurbo != "" {
		m.Boost = "no_turbo=" + noTurbo
	}
}

func (m *Machine) readMemory() {
	if proc, err := procfs.NewDefaultFS(); err == nil {
		if memory, err := proc.Meminfo(); err == nil && memory.MemTotal != nil {
			m.MemoryMB = int64(*memory.MemTotal / 1024)
		}
	}
	m.HugePages = chosen(line("/sys/kernel/mm/transparent_hugepage/enabled"))
}

// chosen picks the word in brackets: "always [madvise] never".
func chosen(text string) string {
	_, text, _ = strings.Cut(text, "[")
	text, _, _ = strings.Cut(text, "]")
	return text
}

func (m *Machine) readKernel() {
	m.Kernel = line("/proc/sys/kernel/osrelease")
	for _, word := range strings.Fields(line("/proc/cmdline")) {
		if name, _, _ := strings.Cut(word, "="); slices.Contains(speedArguments, name) {
			m.KernelArguments = append(m.KernelArguments, word)
		}
	}
	m.Vulnerabilities = make(map[string]string)
	files, _ := filepath.Glob("/sys/devices/system/cpu/vulnerabilities/*")
	for _, f := range files {
		if state := line(f); state != "Not affected" {
			m.Vulnerabilities[filepath.Base(f)] = state
		}
	}
	m.Clocksource = line("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	m.Sysctls = make(map[string]string)
	for _, name := range speedSysctls {
		if value := line("/proc/sys/" + name); value != "" {
			m.Sysctls[strings.ReplaceAll(name, "/", ".")] = strings.Join(strings.Fields(value), " ")
		}
	}
}

func (m *Machine) readLimits() {
	if group := cgroupFolder(); group != "" {
		m.CgroupCPU, m.CgroupMemory = line(group+"/cpu.max"), line(group+"/memory.max")
	}
	if loopback, err := net.InterfaceByName("lo"); err == nil {
		m.LoopbackMTU = loopback.MTU
	}
}

// cgroupFolder is the folder of this process in the unified hierarchy, empty if there is none.
func cgroupFolder() string {
	for text := range strings.Lines(whole("/proc/self/cgroup")) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(text), "0::"); ok {
			return filepath.Join("/sys/fs/cgroup", path)
		}
	}
	return ""
}

// whole is a file's text, empty if it cannot be read.
func whole(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

// line is the first line of a file, empty if it cannot be read.
func line(path string) string {
	first, _, _ := strings.Cut(whole(path), "\n")
	return strings.TrimSpace(first)
}

// load is the load average and pressure the share of time in which somebody waited for a core.
func load() (averages, pressure string) {
	fields := strings.Fields(line("/proc/loadavg"))
	if len(fields) >= 3 {
		averages = strings.Join(fields[:3], " ")
	}
	return averages, line("/proc/pressure/cpu")
}

func uptime() float64 {
	seconds, _, _ := strings.Cut(line("/proc/uptime"), " ")
	value, _ := strconv.ParseFloat(seconds, 64)
	return value
}

func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Max
}

func clockResolution() int64 {
	var step unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_MONOTONIC, &step); err != nil {
		return 0
	}
	return step.Nano()
}

// executable is the path under which the program of a living process can be read.
func executable(pid int) string { return fmt.Sprintf("/proc/%d/exe", pid) }

// libraries are the shared libraries that a process has mapped, by file name, which holds the version.
func libraries(pid int) (names []string) {
	scan := bufio.NewScanner(bytes.NewReader([]byte(whole(fmt.Sprintf("/proc/%d/maps", pid)))))
	for scan.Scan() {
		fields := strings.Fields(scan.Text())
		if name := filepath.Base(fields[len(fields)-1]); strings.Contains(name, ".so") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
