package spec

// launchChecks: how a server starts, and how it refuses to.
var launchChecks = []Check{}
