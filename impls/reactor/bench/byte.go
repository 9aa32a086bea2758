package main

import "unsafe"

// theByte is what travels. It is a variable of the package, so its address never changes.
var (
	theByte byte = 'e'
	pointer      = uintptr(unsafe.Pointer(&theByte))
)
