package results

import "time"

// SchemaNumber is raised when a field changes its meaning; a new field alone does not raise it.
//
//	1  closed and idle loops; latency_* and hdr are service times, message_bytes is the size of every request
//	2  the open loop, in which latency_* and hdr are response times; message_bytes is the mean where sizes differ
//	3  a late generator no longer makes a whole open cell client_limited: each percentile is judged by latency_*_least_ns and latency_*_most_ns
const SchemaNumber = 3

// A Record is one cell: a fresh server process under one workload in one block.
//
// A record of Purpose "scaling law" alone is no cell: it rests on many.
//
// When Error is set the cell has no figures and everything below Error is absent.
type Record struct {
	Schema int       `json:"schema"`
	RunID  string    `json:"run_id"` // the same for all records of one start of loadgen
	Time   time.Time `json:"ts"`     // when the cell began, UTC
	EnvID  string    `json:"env_id"` // Env.EnvID: hash of hardware, kernel and sysctls
	Commit string    `json:"commit"` // of the suite, short
	Dirty  bool      `json:"dirty"`  // the checkout held changes that Commit does not have

	Impl     string `json:"impl"` // as on screen: "gnet", "reactor/epoll"
	Design   string `json:"design"`
	Language string `json:"language"`

	Purpose      string `json:"purpose,omitempty"` // "": a cell of a comparison; "search" or "sweep": one of many rates, "scale": one of many numbers of connections, "scaling law": what was fitted to them, "syscalls": a traced server, "pauses": a server that tells of its garbage collections, "pair": a slice of a pair, "calibration": the generator without a server; these are left out of summaries
	Workload     string `json:"workload"`
	Loop         string `json:"loop"` // "closed": the next request waits for a reply; "open": requests come by plan; "idle": connections that echoed once and then only exist
	Conns        int    `json:"conns"`
	Depth        int    `json:"depth"`           // requests in flight on each connection; open loop: at most, 0 is no limit
	MessageBytes int    `json:"message_bytes"`   // bytes of a request, and of its reply; the mean, rounded, if they differ
	Block        int    `json:"block"`           // from 0; a block holds every cell of the plan once
	Role         string `json:"role,omitempty"`  // "base" or "head": a block is a pair of processes, of one server from two checkouts
	Pair         string `json:"pair,omitempty"`  // the head's name, for both
	Round        int    `json:"round,omitempty"` // from 0, within such a block: each holds a slice of base and one of head
	Seed         uint64 `json:"seed"`            // of this cell: payload and connection order follow from it

	RequestsPerConn int  `json:"requests_per_conn,omitempty"` // after so many a connection was closed and a new one opened; absent: never
	Storm           bool `json:"storm,omitempty"`             // those new ones came all at once, when the last of their predecessors was closed; latencies of first requests count from before connect
	StalledConns    int  `json:"stalled_conns,omitempty"`     // further connections that sent all they could and never read

	Engine string `json:"engine,omitempty"` // the load generator's: "epoll", "spin", "io_uring" or "portable"; absent: from before it was told here, see Env.Plan

	SourceAddresses int `json:"source_addresses,omitempty"` // that connections began at in turn; absent: the kernel chose

	Arrivals       string  `json:"arrivals,omitempty"`    // open loop: poisson, constant, either with ramp or steps behind it, or trace
	AskedPerSecond float64 `json:"asked_per_s,omitempty"` // open loop: the mean rate of the profile within the window

	Error  string           `json:"error,omitempty"`  // one sentence: why there are no figures
	Faults map[string]int64 `json:"faults,omitempty"` // of an Error that connections had: closed_early, reset, wrong_bytes, extra_bytes, late, stopped_reading, unbalanced → connections

	DurationNs        int64   `json:"duration_ns,omitempty"` // of the measured window; warm-up and tail are cut off
	Requests          int64   `json:"requests,omitempty"`    // replies completed within the window, every byte compared
	Bytes             int64   `json:"bytes,omitempty"`       // payload of those replies, one direction
	RequestsPerSecond float64 `json:"requests_per_s,omitempty"`
	Connects          int64   `json:"connects,omitempty"` // connections that took the place of closed ones within the window, or came in a storm

	// Open loop only. The requests planned within the window are the ones that count, whenever they were sent or answered.
	Offered     int64  `json:"offered,omitempty"`      // requests planned within the window
	Unanswered  int64  `json:"unanswered,omitempty"`   // of them, after the drain: in the histograms with the age that they had, so the maximum is a lower bound
	Unsent      int64  `json:"unsent,omitempty"`       // of the unanswered: not even begun to be sent
	LateReplies int64  `json:"late_replies,omitempty"` // answered later than Plan.PatienceMs after they were sent
	ShortOf     string `json:"short_of,omitempty"`     // one sentence if the rate was not reached: asked X, did Y, because Z

	ServerCPUNs                  int64   `json:"server_cpu_ns,omitempty"`         // CPU clock of the server process, difference over the window
	ClientCPUNs                  int64   `json:"client_cpu_ns,omitempty"`         // CPU clocks of the engine threads alone, the same difference
	ClientProcessCPUNs           int64   `json:"client_process_cpu_ns,omitempty"` // CPU clock of the load generator's whole process, the same difference: engine threads, runtime, live view and all; absent: from before it was told here
	MachineCPUNs                 int64   `json:"machine_cpu_ns,omitempty"`        // all cores, of every process and of interrupts, in steps of 10 ms: whoever else is busy here is in it
	ServerCPUPerRequestNs        float64 `json:"server_cpu_per_request_ns,omitempty"`
	ClientCPUPerRequestNs        float64 `json:"client_cpu_per_request_ns,omitempty"`         // of the engine threads alone
	ClientProcessCPUPerRequestNs float64 `json:"client_process_cpu_per_request_ns,omitempty"` // of the whole process: what stands above bare's in a ratio

	MachineCPUPerRequestNs float64 `json:"machine_cpu_per_request_ns,omitempty"`

	ServerPeakBytes           int64 `json:"server_peak_bytes,omitempty"`           // VmHWM after the window
	ServerPSSBytes            int64 `json:"server_pss_bytes,omitempty"`            // Pss of smaps_rollup after the window
	ServerThreads             int   `json:"server_threads,omitempty"`              // after the window; absent where the system does not tell
	ServerDescriptors         int   `json:"server_descriptors,omitempty"`          // likewise
	ServerVoluntarySwitches   int64 `json:"server_voluntary_switches,omitempty"`   // over the window; zero if ServerThreads is there
	ServerInvoluntarySwitches int64 `json:"server_involuntary_switches,omitempty"` // likewise

	Syscalls           map[string]int64 `json:"syscalls,omitempty"` // of a traced server, by name, over all Requests; warm-up and drain are in both
	SyscallsPerRequest float64          `json:"syscalls_per_request,omitempty"`

	Collections *int64 `json:"collections,omitempty"`     // garbage collections as a Go server's runtime tells of them, from its start to its end, over all Requests
	PauseSumNs  int64  `json:"gc_pause_ns,omitempty"`     // by the clock, in which they stopped the server; two a collection
	PauseMaxNs  int64  `json:"gc_pause_max_ns,omitempty"` // the longest

	// Purpose "scaling law" only: the law of Scaling with the median over blocks of each coefficient and the ends of its interval, which is a 95 %
	// one from six blocks on. Conns is the highest number of connections, Block the number of blocks.
	ScalingPerSecond      *float64 `json:"scaling_per_s,omitempty"` // of one connection alone
	ScalingPerSecondLow   *float64 `json:"scaling_per_s_low,omitempty"`
	ScalingPerSecondHigh  *float64 `json:"scaling_per_s_high,omitempty"`
	ScalingContention     *float64 `json:"scaling_contention,omitempty"`
	ScalingContentionLow  *float64 `json:"scaling_contention_low,omitempty"`
	ScalingContentionHigh *float64 `json:"scaling_contention_high,omitempty"`
	ScalingCoherency      *float64 `json:"scaling_coherency,omitempty"`
	ScalingCoherencyLow   *float64 `json:"scaling_coherency_low,omitempty"`
	ScalingCoherencyHigh  *float64 `json:"scaling_coherency_high,omitempty"`
	ScalingWorstMisfit    *float64 `json:"scaling_worst_misfit,omitempty"` // share by which the law is wrong where it is most wrong

	IdleConns        int      `json:"idle_conns,omitempty"`          // idle loop only
	BytesPerIdleConn *float64 `json:"bytes_per_idle_conn,omitempty"` // growth of the server's Pss ÷ IdleConns: user memory, not the kernel's socket buffers

	SocketBytesPerIdleConn *float64 `json:"socket_bytes_per_idle_conn,omitempty"` // growth of what the kernel has charged to the server's TCP sockets ÷ IdleConns: buffers, not the sockets themselves

	ClientRunQueueWaitNs *int64 `json:"client_run_queue_wait_ns,omitempty"` // schedstat: engine threads were runnable but had no core
	ClientTimeSlices     *int64 `json:"client_time_slices,omitempty"`       // schedstat: how often engine threads got a core; each start costs a microsecond or two of that wait on an idle core too
	ServerRunQueueWaitNs *int64 `json:"server_run_queue_wait_ns,omitempty"` // run-queue wait of the server's thread that waited most beyond what its wake-ups cost
	CPUPressureNs        *int64 `json:"cpu_pressure_ns,omitempty"`          // PSI: some task of this machine waited for a core, over the window
	StealNs              *int64 `json:"steal_ns,omitempty"`                 // /proc/stat over all cores: the hypervisor ran someone else, 10 ms steps

	ClientLimited    bool     `json:"client_limited"` // the client or somebody else on the cores was the limit: throughput and latency are not to be compared, CPU per request is
	ClientLimitedWhy string   `json:"client_limited_why,omitempty"`
	Warnings         []string `json:"warnings,omitempty"`

	// Closed loop: service time, from the write that carried a request's first byte to the read that brought its reply's last. In a
	// closed loop this is not the response time that a user at a given rate would see.
	// Open loop: that response time, from the moment for which the request was planned.
	LatencyP50Ns   int64  `json:"latency_p50_ns,omitempty"`
	LatencyP90Ns   int64  `json:"latency_p90_ns,omitempty"`
	LatencyP99Ns   int64  `json:"latency_p99_ns,omitempty"`
	LatencyP999Ns  int64  `json:"latency_p999_ns,omitempty"` // present only if at least 10 replies lie beyond it
	LatencyMaxNs   int64  `json:"latency_max_ns,omitempty"`
	LatencyCount   int64  `json:"latency_count,omitempty"`
	LatencyClamped int64  `json:"latency_clamped,omitempty"` // replies slower than the histogram's 60 s, counted as 60 s
	HDR            string `json:"hdr,omitempty"`             // HdrHistogram V2, compressed, base64; nanoseconds; see DecodeHistogram

	// Only if time stamps were asked for: of some replies, from the kernel's receipt of the last byte to the read that brought it.
	ReceiveLagCount int64   `json:"receive_lag_count,omitempty"`
	ReceiveLagP50Ns int64   `json:"receive_lag_p50_ns,omitempty"`
	ReceiveLagP99Ns int64   `json:"receive_lag_p99_ns,omitempty"`
	ReceiveLagMaxNs int64   `json:"receive_lag_max_ns,omitempty"`
	ReceiveLagShare float64 `json:"receive_lag_share,omitempty"` // its mean ÷ mean latency: the client's own part

	// Open loop only: the two parts of the response time, request by request, and what of the second is the generator's own fault.
	ServiceP50Ns  int64  `json:"service_p50_ns,omitempty"` // from the real write of the first byte
	ServiceP90Ns  int64  `json:"service_p90_ns,omitempty"`
	ServiceP99Ns  int64  `json:"service_p99_ns,omitempty"`
	ServiceP999Ns int64  `json:"service_p999_ns,omitempty"`
	ServiceMaxNs  int64  `json:"service_max_ns,omitempty"`
	ServiceHDR    string `json:"service_hdr,omitempty"`
	SendLagP50Ns  int64  `json:"send_lag_p50_ns,omitempty"` // from the planned time to that write
	SendLagP90Ns  int64  `json:"send_lag_p90_ns,omitempty"`
	SendLagP99Ns  int64  `json:"send_lag_p99_ns,omitempty"`
	SendLagP999Ns int64  `json:"send_lag_p999_ns,omitempty"`
	SendLagMaxNs  int64  `json:"send_lag_max_ns,omitempty"`
	SendLagHDR    string `json:"send_lag_hdr,omitempty"`
	LateP50Ns     int64  `json:"generator_late_p50_ns,omitempty"` // from the planned time until the generator took the request up
	LateP99Ns     int64  `json:"generator_late_p99_ns,omitempty"`
	LateP999Ns    int64  `json:"generator_late_p999_ns,omitempty"`
	LateMaxNs     int64  `json:"generator_late_max_ns,omitempty"`

	// Open loop only: what each percentile of the response time would have been, at least and at most, had the generator been late by the same
	// for every request. See Comparable.
	LatencyP50LeastNs  int64  `json:"latency_p50_least_ns,omitempty"`
	LatencyP50MostNs   int64  `json:"latency_p50_most_ns,omitempty"`
	LatencyP90LeastNs  int64  `json:"latency_p90_least_ns,omitempty"`
	LatencyP90MostNs   int64  `json:"latency_p90_most_ns,omitempty"`
	LatencyP99LeastNs  int64  `json:"latency_p99_least_ns,omitempty"`
	LatencyP99MostNs   int64  `json:"latency_p99_most_ns,omitempty"`
	LatencyP999LeastNs int64  `json:"latency_p999_least_ns,omitempty"`
	LatencyP999MostNs  int64  `json:"latency_p999_most_ns,omitempty"`
	LeastHDR           string `json:"latency_least_hdr,omitempty"`
	MostHDR            string `json:"latency_most_hdr,omitempty"`

	OverTime *OverTime `json:"-"` // nil: not kept, and never when read back; see ReadOverTime
}

// Failed reports whether the cell has no figures.
func (r Record) Failed() bool { return r.Error != "" }
