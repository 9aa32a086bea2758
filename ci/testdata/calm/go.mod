module reactorbench

go 1.26.0
