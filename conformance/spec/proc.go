package spec

// procChecks: signals, and the end of the process.
var procChecks = []Check{}
