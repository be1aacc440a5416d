# A shell whose session is its own lowers itself, and so what it starts. What a host does not have is left out.
#
# | word      | takes effect                                                                            |
# |-----------|-----------------------------------------------------------------------------------------|
# | autogroup | where the kernel shares processors between sessions, as most distributions' do: sched(7) |
# | renice    | where it does not; it is a property of each thread, so it comes before Go starts some    |
# | ionice    | where the disk has a scheduler that knows it: bfq, mq-deadline                           |
#
# Two processors, kernel 6.18, four writes of a guest (mean of 380, in turns): 50 ms without a backup, 64 ms during one,
# 68 ms with renice alone, 52 ms with both. SCHED_IDLE was no better.
{ echo 19 >/proc/self/autogroup; renice -n 19 -p $$; ionice -c 3 -p $$; } >/dev/null 2>&1
