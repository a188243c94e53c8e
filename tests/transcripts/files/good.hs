# a good script
batch 32
train 2
