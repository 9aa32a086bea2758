package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// A drawing is all that could be drawn of one workload.
type drawing struct {
	workload string
	pictures []picture
	missing  []string
}

// A picture is a rendered chart.
type picture struct {
	chart
	svg, png []byte
	spots    []hotspot
}

// draw renders every chart of the study in memory, workload by workload, those outside the comparison last; nothing is written before everything is known to work.
func (s study) draw() (all []drawing, err error) {
	files := map[string]bool{}
	add := func(workload string, charts []chart, missing []string) error {
		pictures, err := renderAll(charts, files)
		all = append(all, drawing{workload, pictures, missing})
		return err
	}
	for _, w := range s.Workloads {
		charts, missing := s.chartsOf(w)
		beside, err := s.chartsBeside(w.Name)
		if err != nil {
			return nil, err
		}
		if err := add(w.Name, append(charts, beside...), missing); err != nil {
			return nil, err
		}
	}
	for _, name := range s.besides() {
		charts, err := s.chartsBeside(name)
		if err != nil {
			return nil, err
		}
		if err := add(name, charts, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func renderAll(charts []chart, taken map[string]bool) (pictures []picture, err error) {
	for _, c := range charts {
		c.File = freeName(fileName(c.File), taken)
		p, err := render(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.File, err)
		}
		pictures = append(pictures, p)
	}
	return pictures, nil
}

func render(c chart) (p picture, err error) {
	p.chart = c
	if p.svg, p.spots, err = c.Page.svg(); err != nil {
		return p, err
	}
	p.png, err = c.Page.png()
	return p, err
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName keeps what every file system takes. The name of a workload comes from a file and may hold a slash.
func fileName(name string) string {
	name = unfit.ReplaceAllString(name, "_")
	return name[:min(len(name), 80)]
}

// freeName makes a second workload that ends up with the same name distinct.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	taken[free] = true
	return free
}

// writeCharts puts the pictures into the folder charts of the run.
func writeCharts(dir string, all []drawing) (paths []string, err error) {
	folder := filepath.Join(dir, "charts")
	for _, d := range all {
		for _, p := range d.pictures {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return paths, err
			}
			for _, form := range []struct {
				extension string
				data      []byte
			}{{".svg", p.svg}, {".png", p.png}} {
				path := filepath.Join(folder, p.File+form.extension)
				if err := os.WriteFile(path, form.data, 0o644); err != nil {
					return paths, err
				}
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}
