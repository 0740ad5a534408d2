// go run push.go KEY: pushes a task whose reply goes to KEY, prints the reply.
package main

import (
	"bufio"
	"encoding/json"
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
	task, _ := json.Marshal(map[string]any{"task": "echo", "args": map[string]any{"from": "go"}, "reply_to": os.Args[1]})
	for _, words := range [][]string{{"LPUSH", "tasks", string(task)}, {"BLPOP", os.Args[1], "30"}} {
		fmt.Fprintf(redis, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(redis, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	lines, reply := bufio.NewReader(redis), "" // :1, *2, $n, KEY, $n, the reply
	for i := 0; i < 6; i++ {
		reply, _ = lines.ReadString('\n')
	}
	fmt.Print(reply)
}
