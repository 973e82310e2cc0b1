enum OperatorToolStub {}
