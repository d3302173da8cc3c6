package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// measureVerify reads a message in base64, and then numbers, a line each. For each number it verifies the
// message so many times, and prints how many nanoseconds of processor time one verification took.
func measureVerify() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	message := lines.Text()
	for lines.Scan() {
		count, err := strconv.Atoi(lines.Text())
		must(err)
		before := processorNanoseconds()
		for i := 0; i < count; i++ {
			_, _, err = readEvidence(message)
			must(err)
		}
		fmt.Println((processorNanoseconds() - before) / int64(count))
	}
}

func processorNanoseconds() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
