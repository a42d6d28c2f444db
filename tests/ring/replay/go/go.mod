module replay

go 1.19
