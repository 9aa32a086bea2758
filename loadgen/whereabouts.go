package main

import (
	"os"
	"path/filepath"
	"strings"
)

// withoutPlaces are the arguments of a command as a record may keep them: whose machine it was and where things lie on it is nobody's
// business. A path below the folder is given from there, another by its last part.
func withoutPlaces(arguments []string, folder string) []string {
	kept := make([]string, len(arguments))
	for i, argument := range arguments {
		before, path := "", argument
		for _, mark := range []string{"=", "unix:"} {
			if head, tail, ok := strings.Cut(path, mark); ok {
				before, path = before+head+mark, tail
			}
		}
		if filepath.IsAbs(path) {
			kept[i] = before + fromHere(path, folder)
			continue
		}
		kept[i] = argument
	}
	return kept
}

func fromHere(path, folder string) string {
	near, err := filepath.Rel(folder, path)
	if err != nil || !filepath.IsLocal(near) {
		return filepath.Base(path)
	}
	return near
}

// here is the working directory, or nothing if it is gone.
func here() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	return folder
}
