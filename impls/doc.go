// Package impls finds, builds, starts, measures and stops echo servers.
//
// An implementation is a folder that holds impl.json; a variant of it is the same program with other
// arguments. Nothing of a server is linked into the harness: between them lie a process and a socket, so none
// is favoured by shared code, a crash ends one server only, and any language can take part. README.md is the
// contract that a server signs.
//
// The pattern of use, from a folder to a figure:
//
//	found, err := impls.Find("./impls/...")      // 1. which servers?
//	builder, err := impls.NewBuilder()           // 2. compile them, outside every measurement
//	defer builder.Close()
//	for _, im := range found {
//		if missing := im.Missing(); len(missing) > 0 {
//			continue                             //    unavailable is not the same as passed: say so
//		}
//		program, err := builder.Build(ctx, im)
//		server, err := program.Start(ctx, impls.Options{CPUs: []int{1}}) // 3. a fresh process, proven to listen
//		conn, err := net.Dial(server.Network(), server.Addr())           // 4. talk to it
//		usage, err := server.Usage()                                     // 5. what did that cost it?
//		exit, err := server.Stop(ctx)                                    // 6. SIGTERM, and the truth about its end
//	}
//
// Start trusts nothing: a server that is silent, dies, prints another line than the contract's, or names an
// address on which its process does not listen is an error of a kind of its own (StartError). Whatever way a
// server ends, it and everything that it started are gone before Done is closed.
//
// What needs Linux (affinity, a descriptor limit, death with the parent, figures from /proc) stands in
// _linux.go files; their _other.go twins return ErrUnsupported or do what the system allows, and say which.
package impls
