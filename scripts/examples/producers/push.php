<?php
// php push.php KEY: pushes a task whose reply goes to KEY, prints the reply.
$path = getenv("REDIS_SOCKET");
$redis = stream_socket_client($path ? "unix://$path" : "tcp://127.0.0.1:6379");
$task = json_encode(["task" => "echo", "args" => ["from" => "php"], "reply_to" => $argv[1]]);
foreach ([["LPUSH", "tasks", $task], ["BLPOP", $argv[1], "30"]] as $words) {
    $parts = array_map(fn($word) => "$" . strlen($word) . "\r\n$word\r\n", $words);
    fwrite($redis, "*" . count($words) . "\r\n" . implode($parts));
}
for ($line = 0; $line < 6; $line++) // :1, *2, $n, KEY, $n, the reply
    $reply = fgets($redis);
echo $reply;
