import OperatorTool

OperatorTool.main()
