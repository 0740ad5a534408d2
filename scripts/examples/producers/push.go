// go run push.go KEY: pushes a task whose reply goes to KEY, prints the reply.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
)

func main() {
	kind, address := "tcp", "127.0.0.1:6379"
	if path := os.Getenv("REDIS_SOCKET"); path != "" {
		kind, address = "unix", path
	}
	redis, err := net.Dial(kind, address)
	if err != nil {
		panic(err)
	}
	task := fmt.Sprintf(`{"task":"echo","args":{"from":"go"},"reply_to":%q}`, os.Args[1])
	for _, words := range [][]string{{"LPUSH", "tasks", task}, {"BLPOP", os.Args[1], "30"}} {
		fmt.Fprintf(redis, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(redis, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	lines, reply := bufio.NewScanner(redis), "" // :1, *2, $n, KEY, $n, the reply
	for i := 0; i < 6 && lines.Scan(); i++ {
		reply = lines.Text()
	}
	fmt.Println(reply)
}
