package cli

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logger writes to stderr in the form that the configuration names.
func (a *app) logger(c hostConfig) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.LogLevel)
	if err != nil {
		return nil, refused("log_level is %q: it must be debug, info, warn or error", c.LogLevel)
	}
	var encoder zapcore.Encoder
	switch c.LogFormat {
	case "json":
		config := zap.NewProductionEncoderConfig()
		config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
		encoder = zapcore.NewJSONEncoder(config)
	case "console":
		config := zap.NewDevelopmentEncoderConfig()
		config.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoder = zapcore.NewConsoleEncoder(config)
	default:
		return nil, refused("log_format is %q: it must be console or json", c.LogFormat)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(a.errs)), level)), nil
}
