# ruby push.rb KEY: pushes a task whose reply goes to KEY, prints the reply.
require "json"
require "socket"

path = ENV["REDIS_SOCKET"]
redis = path ? UNIXSocket.new(path) : TCPSocket.new("127.0.0.1", 6379)
task = {task: "echo", args: {from: "ruby"}, reply_to: ARGV[0]}.to_json
[["LPUSH", "tasks", task], ["BLPOP", ARGV[0], "30"]].each do |words|
  redis.write("*#{words.size}\r\n", *words.map { |w| "$#{w.bytesize}\r\n#{w}\r\n" })
end
puts 6.times.map { redis.gets }.last # :1, *2, $n, KEY, $n, the reply
