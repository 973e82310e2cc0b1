enum LoadingStub {}
