module github.com/brokerless/brokerless

go 1.25.0
