// Command burn is only built: the load generator of this module starts nobody.
package main

func main() {}
