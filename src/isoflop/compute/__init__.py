"""What a run costs, what bounds it, and the best split of a budget between parameters and tokens.

shape       layers, width, heads, vocabulary of a size
flops       rules that count the FLOPs of a run
devices     peak, memory, power of accelerators
prices      dated dollars for an hour of a device, carbon of a kilowatt-hour
cost        time, memory, energy, money of a run
quote       a run as somebody asks its price
mixture     experts, and the dense model they are worth
cost_law    the cost that runs obey, fitted to their own C
terms       what is paid: training, serving, unique tokens
allocation  the best N and D of a law at each budget
dense       the dense model that a mixture of experts is worth
"""
